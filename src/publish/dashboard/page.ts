import { contentHash, htmlPage } from '../../report/html/page.ts';
import { chartLibrary, chartStyle } from '../../report/page-assets.ts';
import { dashboardScript } from './page-assets.ts';
import { dashboardStyle } from './page-style.ts';

const style = `${dashboardStyle}${chartStyle}`;
const script = `${chartLibrary}\n${dashboardScript}`;

/** The page asks for nothing but its own address, and runs and styles nothing but what it came with. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; script-src ${contentHash(script)}; style-src ${contentHash(style)}; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
};

/** The page: the same for everyone; what is shown comes by its script. */
export const pageText = htmlPage({
  title: 'llm-bench dashboard',
  style,
  head: '<link rel="icon" href="data:,">',
  body: `<a class="skip" href="#main">Skip to the figures</a>
<header><h1>llm-bench</h1><p id="subject" class="quiet"></p><p id="phase" class="light" role="status"></p></header>
<noscript><p class="banner">This page needs its script: figures come live.</p></noscript>
<p id="banner" class="banner" role="alert" hidden></p>
<main id="main" tabindex="-1">
<form id="control" hidden aria-label="Load">
<label>Users<input id="users" type="number" inputmode="numeric" min="0" step="1" required></label>
<label>New users per second<input id="spawn" type="number" inputmode="decimal" min="0.1" step="any" placeholder="all at once"></label>
<button id="go" class="go" type="submit">Start</button>
<button id="stop" class="stop" type="button" disabled>Stop</button>
</form>
<div id="halt" class="row" hidden><button id="stop-run" class="stop" type="button">Stop this run</button></div>
<section aria-labelledby="h-alerts"><h2 id="h-alerts">Alerts</h2>
<ul id="alerts" class="alerts" aria-live="polite"></ul><p id="no-alerts" class="none">None now.</p>
<details><summary>History (<span id="told">0</span>)</summary><ul id="history" class="alerts"></ul></details></section>
<section aria-labelledby="h-status"><h2 id="h-status">Status <span id="window" class="quiet"></span></h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="h-status"><table><thead><tr><th scope="col">Metric</th><th scope="col">Status</th><th scope="col" class="n">Now</th><th scope="col" class="n base">Baseline</th><th scope="col" class="n base">Change</th><th scope="col">By</th></tr></thead><tbody id="status"></tbody></table></div></section>
<section aria-labelledby="h-live"><h2 id="h-live">Live</h2><div id="charts" class="charts"></div></section>
<section aria-labelledby="h-more"><h2 id="h-more">Service and machine</h2><div id="readings" class="charts"></div>
<div class="row"><label>Draw another reading<select id="pick"></select></label></div>
<details><summary>All readings</summary><div class="scroll" tabindex="0" role="region" aria-label="All readings"><table><tbody id="all"></tbody></table></div></details>
<details id="absent-box" hidden><summary>What could not be read here</summary><ul id="absent"></ul></details></section>
<section aria-labelledby="h-trend"><h2 id="h-trend">Past runs</h2><p id="no-trend" class="none">No results in the folder yet.</p><div id="trend" class="charts"></div></section>
<section id="export" aria-labelledby="h-export" hidden><h2 id="h-export">Export</h2><p class="row"><a id="csv" href="/api/export?format=csv" download>Samples as CSV</a><a id="json" href="/api/export?format=json" download>Samples and alerts as JSON</a></p></section>
</main>
<script>${script}</script>`,
});
