import { packages } from './packages.mjs';

/** The settings of Jest for the suites of one package, with the count of what ran. */
const { folder, within } = packages.find(({ name }) => name === process.env.SLUICE_COVERED_PACKAGE);
export default {
  rootDir: '../..',
  projects: [`<rootDir>/${folder}`],
  ...(within && { testPathPatterns: [`${folder}/${within}/`] }),
  collectCoverage: true,
  coverageProvider: 'v8',
  collectCoverageFrom: [`${folder}/${within ?? 'src'}/**/*.ts`],
  // Jest's own report counts by lines of V8's ranges; ours is made of the same ranges by the syntax tree.
  coverageReporters: ['none'],
  reporters: ['default', '<rootDir>/tools/closing-line-reporter.mjs', '<rootDir>/tools/coverage/reporter.mjs'],
  testTimeout: 60_000,
};
