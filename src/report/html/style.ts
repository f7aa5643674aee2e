/** The page's style: system fonts and colours by the reader's light or dark setting. */
export const pageStyle = `
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
`;
