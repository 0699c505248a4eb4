import { TestEnvironment } from 'jest-environment-node';

/** Tells the tests of a file how many of them failed so far, so that a stack shows its output when it is of use. */
export default class FailureCountingEnvironment extends TestEnvironment {
  handleTestEvent(event) {
    const failed = event.name === 'test_done' ? event.test.errors.length > 0 : event.name === 'hook_failure';
    if (failed) this.global.failedTests = (this.global.failedTests ?? 0) + 1;
  }
}
