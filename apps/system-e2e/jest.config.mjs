import { project } from '../../jest.preset.mjs';

export default project('system-e2e', {
  testEnvironment: '<rootDir>/failure-counting-environment.mjs',
  // A whole stack starts in a hook, also on a machine that is busy with other tests.
  testTimeout: 120_000,
});
