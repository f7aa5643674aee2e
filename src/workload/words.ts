/**
 * Common English words, each exactly one token with a leading space in the cl100k, o200k and r50k vocabularies, so that a text of n of them is n tokens there
 * and close to n in others. 512, so that nine bits choose one.
 */
export const words: readonly string[] = (
  'this that with return from class public have cont will your else more they data name true their private time which false value ' +
  'about string over type inter part work when other been were file would year some there said comm like also than static just result ' +
  'them into what list case first import only print back need start user under then people should test make after right long array ' +
  'read form trans want number require size where while spec look could know hand most break every point error text show find current ' +
  'used play help these pass down even item through last event again high line does before because state cons here final very model ' +
  'call well object years default view pres many being good using stud request child echo person style method expect found post such ' +
  'think differ much count check open next follow game path each support sign those system best same create made mark group world ' +
  'process main color report take free action index real build message input between table head must order product double place week ' +
  'prop program response code without still assert field team second going range fact android writ home left direct allow page around ' +
  'really image target both level document local content quest float develop poss extends fore great month super title context life ' +
  'catch change position book version three base during console against power width label project element success date match node ' +
  'another care effect service since full turn body stand block keep throw things control come custom source await mill output email ' +
  'disc business required govern might never hard intern called options height small access address little port status update link ' +
  'given better feel already always parent less account valid sure prom search invest says temp rest interest perform site values ' +
  'video prof cell player cost total stat load clear seem short override company done belie health children days online instance ' +
  'organ reason within design cent school consider include stop later client love able give copy either lead family option exist ' +
  'offer water step display times four present room once results continue talk grow mass mean until market area length kind light ' +
  'side example camp miss based plan away button render near country author specific along express begin software thing single anal ' +
  'rights women season possible sever sent command recent money told auto working query window least column record making close ' +
  'percent past write move special city tell select font course late amount enough looking hold property price today means story meet ' +
  'sort thought task review switch above question word provide research publish cover whether having employ large created host role ' +
  'deal problem press though points ever services actually million happen server files often info space password store format details ' +
  'face save items social major expected food members comb send become diff makes global contact except certain news device previous ' +
  'material below media fail black added came delete card root handle getting claim enter location night doing pick watch human girl ' +
  'strong house track pack section unsigned wait together throws terms apply'
).split(' ');
