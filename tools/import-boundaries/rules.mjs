/**
 * Who may import whom (docs/architecture.md, "The house"). Checked on the resolved files, so that neither a relative path
 * nor a package name gets past it.
 */

/** Our own packages that a package may import; itself always. */
const mayImport = {
  'libs/domain': [],
  'libs/persistence': [],
  'libs/embedded-servers': [],
  'libs/xml': ['libs/domain'],
  'libs/xpath': ['libs/xml', 'libs/domain'],
  'libs/xslt': ['libs/xpath', 'libs/xml', 'libs/domain'],
  'libs/simple-language': ['libs/domain'],
  'libs/flow-engine': ['libs/xslt', 'libs/xpath', 'libs/simple-language', 'libs/xml', 'libs/domain'],
  'libs/contracts': ['libs/domain'],
  'libs/admin-client': ['libs/contracts', 'libs/domain'],
  'libs/pki': ['libs/domain'],
  'libs/messaging': ['libs/contracts', 'libs/domain'],
  'libs/service-shell': ['libs/messaging', 'libs/persistence', 'libs/contracts', 'libs/domain'],
  'libs/testing': ['libs/embedded-servers'],
};

/** Specs, and what is for them alone: those folders are built into no package, their tsconfig.json leaves them out. */
const tests = [
  '\\.spec\\.ts$',
  '^apps/system-e2e/',
  '^apps/.+/testing/',
  '^libs/(flow-engine|persistence|service-shell)/src/testing/',
];
/** The flow engine and the languages it runs. */
const engine = '^libs/(xml|xpath|xslt|simple-language|flow-engine)/';
const escape = (path) => path.replaceAll('/', '\\/');

const between = Object.entries(mayImport).map(([from, to]) => ({
  name: `${from.replace('/', '-')}-imports`,
  comment: to.length === 0 ? `${from} imports nothing of ours.` : `${from} may import ${to.join(', ')} only.`,
  severity: 'error',
  from: { path: `^${escape(from)}/`, pathNot: tests },
  to: { path: '^(apps|libs|tools)/', pathNot: [from, ...to].map((path) => `^${escape(path)}/`) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...between,
    {
      name: 'domain-is-pure',
      comment: 'libs/domain imports no package and no built-in module: it is values and rules.',
      severity: 'error',
      from: { path: '^libs/domain/', pathNot: tests },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'flow-engine-is-pure',
      comment:
        'The flow engine and its languages do nothing by themselves: effects go through ports, so they need no built-in module.',
      severity: 'error',
      from: { path: engine, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'flow-engine-without-circles',
      comment:
        'In the flow engine and its languages not even types go round: each file can be read without those that use it.',
      severity: 'error',
      from: { path: engine },
      to: { circular: true },
    },
    {
      name: 'languages-by-their-front',
      comment: 'A language is used by what its package exports; everything else in it is private.',
      severity: 'error',
      from: { path: '^(?:apps|libs|tools)/([^/]+)/' },
      to: {
        path: '^libs/(?:xml|xpath|xslt|simple-language)/',
        pathNot: '^libs/$1/|^libs/[^/]+/src/index\\.ts$|^libs/xpath/src/host-language\\.ts$',
      },
    },
    {
      name: 'host-language-for-xslt',
      comment: 'The inner parts of XPath are for the language that holds XPath expressions; flows use its front.',
      severity: 'error',
      from: { path: '^(apps|libs|tools)/', pathNot: '^libs/(xslt|xpath)/' },
      to: { path: '^libs/xpath/src/host-language\\.ts$' },
    },
    {
      name: 'services-use-the-flow-engine',
      comment: 'A service runs flows; the languages are for the engine, and for tools that measure them.',
      severity: 'error',
      from: { path: '^apps/' },
      to: { path: '^libs/(xml|xpath|xslt|simple-language)/' },
    },
    {
      name: 'contracts-is-free-of-frameworks',
      comment: 'libs/contracts is shapes: no Nest, no NATS client, no TypeORM.',
      severity: 'error',
      from: { path: '^libs/contracts/', pathNot: tests },
      to: { path: 'node_modules/(@nestjs|@nats-io|typeorm|pg|pkijs)/' },
    },
    {
      name: 'no-app-imports-an-app',
      comment: 'Services talk over the bus.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'apps-import-libs-only',
      comment: 'A tool is not part of a service.',
      severity: 'error',
      from: { path: '^apps/', pathNot: tests },
      to: { path: '^tools/' },
    },
    {
      name: 'tools-do-not-import-apps',
      comment: 'Tools use a service from outside.',
      severity: 'error',
      from: { path: '^tools/' },
      to: { path: '^apps/' },
    },
    {
      name: 'testing-only-from-tests',
      comment: 'What makes test certificates and servers has no place in a service.',
      severity: 'error',
      from: { pathNot: [...tests, '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'embedded-servers-not-in-services',
      comment: 'Services are given servers; the local stack and tests start them.',
      severity: 'error',
      from: { path: '^apps/', pathNot: tests },
      to: { path: '^libs/embedded-servers/' },
    },
    {
      name: 'verifier-has-no-database',
      comment: 'The certificate verifier decides from the state stream.',
      severity: 'error',
      from: { path: '^apps/certificate-verifier/', pathNot: tests },
      to: { path: '^libs/persistence/|node_modules/(typeorm|pg)/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle has no order in which to read it.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'An import that cannot be resolved would escape every rule.',
      severity: 'error',
      from: { path: '^(apps|libs|tools)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules/(?!@sluice/)' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sluice/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
      mainFields: ['module', 'main', 'types'],
    },
    progress: { type: 'none' },
  },
};
