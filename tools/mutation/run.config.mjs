import { project } from '../../jest.preset.mjs';
import { rules } from './rules.mjs';

/** The settings of Jest for the specs of one rule, in the copy of the repository that Stryker makes. */
const { name, specs } = rules.find((rule) => rule.name === process.env.SLUICE_MUTATED_RULE);
export default {
  ...project(name),
  rootDir: '../..',
  testMatch: specs.map((spec) => `<rootDir>/${spec}`),
  testTimeout: 20_000,
};
