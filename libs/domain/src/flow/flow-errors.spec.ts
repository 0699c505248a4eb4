// cspell:ignore conct
import { describe, expect, it } from '@jest/globals';
import { ExpressionSyntaxError } from './expression-syntax-error.js';
import { FlowProcessingError, toProcessingError } from './flow-processing-error.js';

describe('a failure while a message is processed', () => {
  it('keeps what the receiver answered and the cause, and has no member for what there was not', () => {
    const cause = new Error('refused');
    const full = new FlowProcessingError('receiver-failed', 'The receiver answered 500.', {
      cause,
      responseCode: 500,
      responseBody: 'no',
      responseHeaders: { a: 'b' },
    });
    expect(full).toMatchObject({ cause, responseCode: 500, responseBody: 'no', responseHeaders: { a: 'b' } });
    const bare = new FlowProcessingError('no-route', 'No route.');
    expect(Object.keys(bare).sort()).toEqual(['code', 'name']);
    expect(bare.cause).toBeUndefined();
  });

  it('stays what it is when it is typed, whatever code is offered for others', () => {
    const error = new FlowProcessingError('no-route', 'No route.');
    expect(toProcessingError(error, 'script-failed')).toBe(error);
  });

  it('of a stack that ran over is that the message is nested too deeply', () => {
    expect(toProcessingError(new RangeError('Maximum call stack size exceeded'))).toMatchObject({
      code: 'limit-exceeded',
      message: 'The message is nested too deeply.',
    });
  });

  it.each([() => 'x'.repeat(2 ** 30), () => new Array(-1)])(
    'of what is larger than can be held says so: %s',
    (make) => {
      const { code, message } = toProcessingError(errorOf(make));
      expect([code, message]).toEqual(['limit-exceeded', 'The message became larger than what can be held.']);
    },
  );

  it('of another kind gets the code of where it was met, else internal, with its cause', () => {
    const fault = new TypeError('x is not a function');
    expect(toProcessingError(fault)).toMatchObject({ code: 'internal', message: fault.message, cause: fault });
    expect(toProcessingError('a text', 'script-failed')).toMatchObject({ code: 'script-failed', message: 'a text' });
  });
});

describe('an expression that cannot be compiled', () => {
  it('says what to write instead, and whether it is right but not supported', () => {
    expect(new ExpressionSyntaxError('No function conct().', { nearest: 'concat' })).toMatchObject({
      nearest: 'concat',
      unsupported: false,
    });
    expect(new ExpressionSyntaxError('doc() reads files.', { unsupported: true })).toMatchObject({
      nearest: undefined,
      unsupported: true,
    });
  });
});

function errorOf(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error('It could be made.');
}
