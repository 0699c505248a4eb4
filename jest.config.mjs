import { readdirSync, existsSync } from 'node:fs';

/** Every package that has a jest.config.mjs is a project; one run gives one summary. */
const projects = ['libs', 'apps', 'tools', 'examples'].flatMap((folder) =>
  existsSync(folder)
    ? readdirSync(folder)
        .map((name) => `<rootDir>/${folder}/${name}`)
        .filter((path) => existsSync(`${path.replace('<rootDir>/', '')}/jest.config.mjs`))
    : [],
);

export default {
  projects,
  maxWorkers: 2,
  reporters: ['default', '<rootDir>/tools/closing-line-reporter.mjs'],
  coverageProvider: 'v8',
  testTimeout: 60_000,
};
