/**
 * Who may import whom (docs/architecture.md, "The house"). Checked on the resolved files, so that neither a relative path
 * nor a package name gets past it. What a package is, the tag in its package.json says (`nx.tags`), by which Nx knows it too; rules
 * for single files, cycles and built-in modules are why this is no rule of Nx's, which sees packages only.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Libraries that a library of that tag may import; itself always. */
const mayImport = {
  domain: [],
  persistence: [],
  'embedded-servers': [],
  xml: ['domain'],
  xpath: ['xml', 'domain'],
  xslt: ['xpath', 'xml', 'domain'],
  'simple-language': ['domain'],
  'flow-engine': ['xslt', 'xpath', 'simple-language', 'xml', 'domain'],
  contracts: ['domain'],
  'admin-client': ['contracts', 'domain'],
  oauth: ['contracts', 'domain'],
  pki: ['domain'],
  messaging: ['contracts', 'domain'],
  'service-shell': ['messaging', 'persistence', 'contracts', 'domain'],
  testing: ['embedded-servers'],
};

/** The tags of each folder; services, tests of the whole and tools have rules by their folders, below. */
const tagsIn = { libs: Object.keys(mayImport), apps: ['app', 'e2e'], tools: ['tool'] };

/** Folders by tag. @throws Error for a package that no rule would be about */
function foldersByTag() {
  const folders = {};
  for (const file of globSync('{apps,libs,tools}/*/package.json')) {
    const folder = dirname(file).replaceAll('\\', '/');
    const allowed = tagsIn[folder.split('/')[0]];
    const { nx } = JSON.parse(readFileSync(file, 'utf8'));
    const [tag, ...more] = (nx?.tags ?? []).map((each) => each.replace(/^scope:/, ''));
    if (more.length > 0 || !allowed.includes(tag))
      throw new Error(
        `${file} must have one tag in nx.tags, of scope:{${allowed.join(',')}}; what a new kind of library may import is said in rules.mjs.`,
      );
    (folders[tag] ??= []).push(folder);
  }
  return folders;
}

const folders = foldersByTag();

/** Specs, and what is for them alone: those folders are built into no package, their tsconfig.json leaves them out. */
const tests = [
  '\\.spec\\.ts$',
  '^apps/system-e2e/',
  '^apps/.+/testing/',
  '^libs/(flow-engine|messaging|persistence|service-shell)/src/testing/',
];
/** The flow engine and the languages it runs. */
const engine = '^libs/(xml|xpath|xslt|simple-language|flow-engine)/';
const below = (tags) => tags.flatMap((tag) => (folders[tag] ?? []).map((folder) => `^${folder}/`));

const between = Object.entries(mayImport)
  .filter(([tag]) => folders[tag])
  .map(([tag, others]) => ({
    name: `libs-${tag}-imports`,
    comment: others.length === 0 ? `${tag} imports nothing of ours.` : `${tag} may import ${others.join(', ')} only.`,
    severity: 'error',
    from: { path: below([tag]), pathNot: tests },
    to: { path: '^(apps|libs|tools)/', pathNot: below([tag, ...others]) },
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
      comment:
        'An import that cannot be resolved would escape every rule. `virtual:` modules are made at the build of the console.',
      severity: 'error',
      from: { path: '^(apps|libs|tools)/' },
      to: { couldNotResolve: true, pathNot: '^virtual:' },
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
