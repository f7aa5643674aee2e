// The rooms in the order of the data; a room imports only rooms before it.
const rooms = [
  'config',
  'service',
  'workload',
  'protocol',
  'measure',
  'observe',
  'load',
  'result',
  'github',
  'baseline',
  'verdict',
  'report',
  'publish',
  'jobs',
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...rooms.map((room, index) => ({
      name: `${room}-imports-only-what-is-before-it`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      // Jobs may start the embedded engine; no room that measures or judges may know of it.
      to: { path: `^src/(${[...rooms.slice(index + 1), 'cli', 'action', ...(room === 'jobs' ? [] : ['mock'])].join('|')})/` },
    })),
    { name: 'cli-and-action-are-apart', severity: 'error', from: { path: '^src/cli/' }, to: { path: '^src/action/' } },
    { name: 'action-and-cli-are-apart', severity: 'error', from: { path: '^src/action/' }, to: { path: '^src/cli/' } },
    { name: 'mock-stands-alone', severity: 'error', from: { path: '^src/mock/' }, to: { path: `^src/(?!mock/|config/)` } },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'source-never-imports-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench|scripts)/' } },
    { name: 'no-dev-dependency-in-source', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev'], pathNot: '@types/' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
  },
};
