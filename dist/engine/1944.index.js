const id=1944,ids=[1944],modules={21944:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{initProject:()=>initProject});var node_child_process__WEBPACK_IMPORTED_MODULE_0__=__webpack_require__(31421),node_child_process__WEBPACK_IMPORTED_MODULE_0___default=__webpack_require__.n(node_child_process__WEBPACK_IMPORTED_MODULE_0__),node_fs_promises__WEBPACK_IMPORTED_MODULE_1__=__webpack_require__(51455),node_fs_promises__WEBPACK_IMPORTED_MODULE_1___default=__webpack_require__.n(node_fs_promises__WEBPACK_IMPORTED_MODULE_1__),node_path__WEBPACK_IMPORTED_MODULE_2__=__webpack_require__(76760),node_path__WEBPACK_IMPORTED_MODULE_2___default=__webpack_require__.n(node_path__WEBPACK_IMPORTED_MODULE_2__),node_util__WEBPACK_IMPORTED_MODULE_3__=__webpack_require__(57975),node_util__WEBPACK_IMPORTED_MODULE_3___default=__webpack_require__.n(node_util__WEBPACK_IMPORTED_MODULE_3__),_config_errors_js__WEBPACK_IMPORTED_MODULE_4__=__webpack_require__(37827);async function initProject({dir,force}){const defaultBranch=await findDefaultBranch(dir),contents={"llm-bench.yaml":configuration,".github/workflows/llm-bench.yml":workflow(defaultBranch)},files=Object.keys(contents),present=await asyncFilter(files,file=>exists((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(dir,file)));if(present.length>0&&!force)throw new _config_errors_js__WEBPACK_IMPORTED_MODULE_4__.UserError(`${present.join(" and ")} ${present.length===1?"is":"are"} there already; nothing was written`,{hint:"Add --force to write over what is there, or --dir for another folder."});for(const[file,text]of Object.entries(contents))await(0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.mkdir)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.dirname)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(dir,file)),{recursive:!0}),await(0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.writeFile)((0,node_path__WEBPACK_IMPORTED_MODULE_2__.join)(dir,file),text);return{files,defaultBranch}}async function asyncFilter(items,keep){const kept=await Promise.all(items.map(keep));return items.filter((_,index)=>kept[index])}async function exists(path){return(0,node_fs_promises__WEBPACK_IMPORTED_MODULE_1__.access)(path).then(()=>!0,()=>!1)}async function findDefaultBranch(dir){const branch=(await(0,node_util__WEBPACK_IMPORTED_MODULE_3__.promisify)(node_child_process__WEBPACK_IMPORTED_MODULE_0__.execFile)("git",["-C",dir,"symbolic-ref","--short","refs/remotes/origin/HEAD"]).catch(()=>null))?.stdout.trim().replace(/^origin\//,"")??"";return/^[\w./-]+$/.test(branch)?branch:"main"}const configuration=`# What llm-bench measures in this repository. With all of it left out, an embedded engine is measured.

target:
  name: my-service
  # How to start the service; \${PORT} is a free port. For one that already runs, leave command out and give its base_url.
  command: ./start-my-service --port \${PORT}
  # Run before the start, such as a build or the download of a model:
  # setup: [npm ci, npm run build]
  ready: { url: /health, timeout_seconds: 120 }
  # model: the-model-to-ask-for
  # api_key_env: MY_API_KEY

# What to send: \`llm-bench run --list\` prints the names. Or a scenario of your own, such as
# scenario: { name: chat, extends: quick_validation, load: { requests: 200, concurrency: 4 } }
scenario: quick_validation

# When the check fails. The default: p95 latency worse by more than 20%, or more than 1% of requests failing.
thresholds:
  extends: default
  # max_p95_latency_ms: 2000
  # min_tokens_per_sec: 100
`;function workflow(defaultBranch){return`name: llm-bench

on:
  push:
    branches: [${JSON.stringify(defaultBranch)}] # measures the baseline that pull requests are compared with
  pull_request:
    types: [opened, synchronize, reopened, labeled, unlabeled] # a label judges the stored result again
  merge_group:

permissions:
  contents: read
  actions: read # finds the baseline of the default branch
  pull-requests: write # posts the comment

concurrency:
  # One measurement at a time per branch; a newer push to a pull request replaces the older, a label waits for it.
  group: llm-bench-\${{ github.ref }}
  cancel-in-progress: \${{ github.event.action == 'synchronize' }}

jobs:
  llm-bench:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
      - uses: org/llm-bench-action@v1
`}})};export{id,ids,modules};
