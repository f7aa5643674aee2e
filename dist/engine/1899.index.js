const id=1899,ids=[1899,735,3116],modules={63159:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{Ae:()=>contentHash,Dj:()=>policyElement,X:()=>htmlPage});var node_crypto__WEBPACK_IMPORTED_MODULE_0__=__webpack_require__(77598),node_crypto__WEBPACK_IMPORTED_MODULE_0___default=__webpack_require__.n(node_crypto__WEBPACK_IMPORTED_MODULE_0__);const contentHash=text=>`'sha256-${(0,node_crypto__WEBPACK_IMPORTED_MODULE_0__.createHash)("sha256").update(text).digest("base64")}'`,policyElement=policy=>`<meta http-equiv="Content-Security-Policy" content="${policy}">`;function htmlPage({title,style,head,body}){return`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${head}
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`}}),23687:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{x:()=>pageStyle});const pageStyle=`
:root { color-scheme: light dark; --ink: #1f2328; --quiet: #59636e; --back: #fff; --card: #f6f8fa; --rule: #d1d9e0; --bad: #c4232d; --warn: #9a6700; --good: #1a7f37; --one: #0969da; --two: #bc4c00; --three: #1a7f37; --four: #8250df; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --quiet: #9198a1; --back: #0d1117; --card: #161b22; --rule: #3d444d; --bad: #ff7b72; --warn: #d29922; --good: #3fb950; --one: #58a6ff; --two: #f0883e; --three: #3fb950; --four: #bc8cff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.quiet, figcaption { color: var(--quiet); } .quiet { margin-top: -.5rem; }
.verdict { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--quiet); border-radius: 6px; padding: .5rem 1rem; }
.verdict.regressed, .verdict.invalid { border-left-color: var(--bad); } .verdict.warn, .verdict.missing, .verdict.inconclusive { border-left-color: var(--warn); } .verdict.ok, .verdict.improved { border-left-color: var(--good); }
.headline { font-size: 1.15rem; font-weight: 600; margin: .5rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem; margin: 0; }
.tiles div { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: .5rem .75rem; }
dt { color: var(--quiet); font-size: .85rem; } dd { margin: 0; font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; min-width: 100%; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: left; white-space: nowrap; } .n { text-align: right; font-variant-numeric: tabular-nums; }
tr.regressed td { color: var(--bad); } tr.warn td, tr.missing td, tr.inconclusive td { color: var(--warn); } tr.improved td { color: var(--good); }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); gap: 1rem; } figure { margin: 0; min-width: 0; } svg { width: 100%; height: auto; } .grid { stroke: var(--rule); } .tick { fill: var(--quiet); font-size: 16px; }
.line { fill: none; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; } .line0 { stroke: var(--one); } .line1 { stroke: var(--two); } .key0 { color: var(--one); } .key1 { color: var(--two); }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: .75rem; overflow-x: auto; font-size: .85rem; }
ul { padding-left: 1.2rem; } .badges { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; padding: 0; margin: 1rem 0; }
.badge { border: 1px solid var(--rule); border-radius: 999px; padding: .1rem .7rem; background: var(--card); font-size: .9rem; } .badge.good { border-color: var(--good); } .badge.bad { border-color: var(--bad); }
.live .key { display: none; } .plot { min-width: 0; overflow: hidden; } .u-legend { color: var(--ink); font-size: .8rem; } .u-select { background: color-mix(in srgb, var(--one) 20%, transparent); }
details { margin: .75rem 0; } summary { cursor: pointer; }
`}),735:((__unused_webpack___webpack_module__,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{Q:()=>markdownTable});function defaultStringLength(value){return value.length}function markdownTable(table,options){const settings=options||{},align=(settings.align||[]).concat(),stringLength=settings.stringLength||defaultStringLength,alignments=[],cellMatrix=[],sizeMatrix=[],longestCellByColumn=[];let mostCellsPerRow=0,rowIndex=-1;for(;++rowIndex<table.length;){const row2=[],sizes2=[];let columnIndex2=-1;for(table[rowIndex].length>mostCellsPerRow&&(mostCellsPerRow=table[rowIndex].length);++columnIndex2<table[rowIndex].length;){const cell=serialize(table[rowIndex][columnIndex2]);if(settings.alignDelimiters!==!1){const size=stringLength(cell);sizes2[columnIndex2]=size,(longestCellByColumn[columnIndex2]===void 0||size>longestCellByColumn[columnIndex2])&&(longestCellByColumn[columnIndex2]=size)}row2.push(cell)}cellMatrix[rowIndex]=row2,sizeMatrix[rowIndex]=sizes2}let columnIndex=-1;if(typeof align=="object"&&"length"in align)for(;++columnIndex<mostCellsPerRow;)alignments[columnIndex]=toAlignment(align[columnIndex]);else{const code=toAlignment(align);for(;++columnIndex<mostCellsPerRow;)alignments[columnIndex]=code}columnIndex=-1;const row=[],sizes=[];for(;++columnIndex<mostCellsPerRow;){const code=alignments[columnIndex];let before="",after="";code===99?(before=":",after=":"):code===108?before=":":code===114&&(after=":");let size=settings.alignDelimiters===!1?1:Math.max(1,longestCellByColumn[columnIndex]-before.length-after.length);const cell=before+"-".repeat(size)+after;settings.alignDelimiters!==!1&&(size=before.length+size+after.length,size>longestCellByColumn[columnIndex]&&(longestCellByColumn[columnIndex]=size),sizes[columnIndex]=size),row[columnIndex]=cell}cellMatrix.splice(1,0,row),sizeMatrix.splice(1,0,sizes),rowIndex=-1;const lines=[];for(;++rowIndex<cellMatrix.length;){const row2=cellMatrix[rowIndex],sizes2=sizeMatrix[rowIndex],cellsInRow=settings.fillRows===!1?Math.max(1,cellMatrix[rowIndex===1?0:rowIndex].length):mostCellsPerRow;columnIndex=-1;const line=[];for(;++columnIndex<cellsInRow;){const cell=row2[columnIndex]||"";let before="",after="";if(settings.alignDelimiters!==!1){const size=longestCellByColumn[columnIndex]-(sizes2[columnIndex]||0),code=alignments[columnIndex];if(code===114)before=" ".repeat(size);else if(code===99){const half=size/2;size%2?(before=" ".repeat(half+.5),after=" ".repeat(half-.5)):(before=" ".repeat(half),after=before)}else after=" ".repeat(size)}settings.delimiterStart!==!1&&!columnIndex&&line.push("|"),settings.padding!==!1&&!(settings.alignDelimiters===!1&&cell==="")&&(settings.delimiterStart!==!1||columnIndex)&&line.push(" "),settings.alignDelimiters!==!1&&line.push(before),line.push(cell),settings.alignDelimiters!==!1&&line.push(after),settings.padding!==!1&&line.push(" "),(settings.delimiterEnd!==!1||columnIndex!==cellsInRow-1)&&line.push("|")}lines.push(settings.delimiterEnd===!1?line.join("").replace(/ +$/,""):line.join(""))}return lines.join(`
`)}function serialize(value){return value==null?"":String(value)}function toAlignment(value){const code=typeof value=="string"?value.codePointAt(0):0;return code===67||code===99?99:code===76||code===108?108:code===82||code===114?114:0}})};export{id,ids,modules};
