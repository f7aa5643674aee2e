/**
 * Common English words, each exactly one token in the cl100k, o200k, p50k and r50k vocabularies, with a leading space and at the start of a text, so that a text
 * of n of them is n tokens there and close to n in others. 512, so that nine bits choose one.
 */
export const words: readonly string[] = (
  'this that with return from class public have cont will your else more they data name true their private time which false value ' +
  'about string over type inter part work when other been were file would year some there said comm like also than static just result ' +
  'them into what list case first import only print back need start user under then people should test make after right long array ' +
  'read form trans want number require size where while spec look could know hand most break every point error text show find current ' +
  'used play help these pass down even item through last event again high line does before because state cons here final very model ' +
  'call well object years default view pres many being good using stud request child echo person style method blue found post such ' +
  'think car much count check open next follow game path each support sign those system best same create made mark group world ' +
  'process main color report take free action index real build message input between table head must order product double place week ' +
  'prop program response code without still assert field team second going range fact android cold home left direct allow page around ' +
  'really image target both level document local content quest float develop dark east fore great month super title context life ' +
  'catch change position book version three base during console against power width label project element success date match node ' +
  'another care effect service since full turn body stand block keep throw things control come custom source easy mill output email ' +
  'disc business required fish might never hard intern called options height small access address little port status update link ' +
  'given better feel floor always parent less account valid sure prom search invest fun temp rest interest gold site values ' +
  'video prof cell player cost total stat load clear green short hall company done heart health children days online instance ' +
  'organ reason within design cent school consider include stop later client love able give copy either lead family option exist ' +
  'offer water step display times four present room once results continue talk grow mass mean until market area length kind light ' +
  'side example camp miss based plan away button render near country author specific along express begin software thing single hill ' +
  'rights women season hot ice sent command recent money king auto working query window lake column record making close ' +
  'percent past write move special city tell select font course late amount moon looking hold property price today nine story meet ' +
  'sort thought task review switch above question word oil research race cover whether having rain large created host role ' +
  'deal problem press though points ever services actually million road server files often info space password store format details ' +
  'face save items social major expected food members comb send sand diff makes global contact except sea news device sky ' +
  'material below media fail black added soft delete card root handle getting claim enter location night doing pick watch human girl ' +
  'strong house track pack section unsigned wait song star terms apply'
).split(' ');
