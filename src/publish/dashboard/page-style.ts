import { pageStyle } from '../../report/html/style.ts';

/** The dashboard's own style, over that of reports. */
export const dashboardStyle = `${pageStyle}
body { max-width: 96rem; } h1 { margin: 0; } h2 { margin: 1.5rem 0 .5rem; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; } header p { margin: 0; }
.light::before { content: '○'; margin-right: .35em; } .light.green { color: var(--good); } .light.green::before { content: '●'; }
.light.yellow { color: var(--warn); } .light.yellow::before { content: '▲'; } .light.red { color: var(--bad); } .light.red::before { content: '■'; }
form, .row { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; margin: .75rem 0; }
label { display: grid; gap: .15rem; font-size: .85rem; color: var(--quiet); }
input, select, button { font: inherit; color: var(--ink); background: var(--back); border: 1px solid var(--quiet); border-radius: 6px; padding: .4rem .6rem; min-height: 2.6rem; max-width: 100%; }
input { width: 7rem; } button { cursor: pointer; font-weight: 600; } button.go { background: var(--good); border-color: var(--good); color: var(--back); } button.stop { background: var(--bad); border-color: var(--bad); color: var(--back); }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 3px solid var(--one); outline-offset: 2px; }
a { color: var(--one); } .row a { padding: .4rem 0; }
.charts { grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); }
.charts figure, .alerts li { background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: .5rem; }
figcaption { font-weight: 600; color: var(--ink); }
.alerts { list-style: none; padding: 0; display: grid; gap: .5rem; } .alerts li { border-left: 4px solid var(--warn); } .alerts li.bad { border-left-color: var(--bad); } .alerts li.over { border-left-color: var(--rule); color: var(--quiet); }
.alerts strong { display: block; } .none { color: var(--quiet); margin: .25rem 0; }
.banner { background: var(--card); border: 1px solid var(--warn); border-radius: 6px; padding: .5rem .75rem; margin: .5rem 0; } [hidden] { display: none !important; }
@media (max-width: 30rem) { body { padding: .75rem; } th, td { padding: .3rem; } }
.scroll:focus-visible { outline-offset: -2px; }
.u-legend .u-series > * { padding: 0 .25rem; } .u-inline .u-series { margin-right: .5rem; }
`;
