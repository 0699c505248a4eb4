import { describe, expect, it } from '@jest/globals';
import { FlowProcessingError } from '@sluice/domain';
import { parseXml } from '@sluice/xml';
import { Message } from '../message/message.js';
import { NOW } from '../testing/flow-fixture.js';
import { compileFlowXPath } from './compile-flow-xpath.js';
import { valueToText } from './convert-value.js';
import type { ExpressionContext } from './expression-context.js';

const context: ExpressionContext = {
  message: new Message({
    body: '<r><o id="x1"><id>1</id></o><o id="x2"><id>20</id></o></r>',
    headers: [
      ['Wanted', '20'],
      ['both', 'header'],
      ['nothing', null],
      ['several', ['1', 20]],
      ['tree', parseXml('<t><u>7</u></t>')],
      ['day', new Date(NOW)],
    ],
    properties: [
      ['limit', 5],
      ['both', 'property'],
    ],
  }),
  exception: null,
  exchangeId: '',
  flowName: '',
  now: () => NOW,
  toText: valueToText,
};
const textOf = (source: string): string => compileFlowXPath(source, {}).toText(context);

describe('XPath in a flow', () => {
  it.each([
    ['string(//o[id = $wanted]/@id)', 'x2'],
    ['count(//id[. < $limit])', '1'],
    ['$both', 'header'],
    ['empty($nothing)', 'true'],
    ['empty($unknown)', 'true'],
    ['count(//id[. = $several])', '2'],
    ['$tree//u', '7'],
    ['$day', '2026-03-05T06:07:08.009Z'],
    ["in:header('wanted')", '20'],
    ["in:property('both')", 'property'],
    ["empty(in:property('wanted'))", 'true'],
    ['current-dateTime()', '2026-03-05T06:07:08.009Z'],
  ])('%s is %s: variables are headers, else properties', (source, expected) => {
    expect(textOf(source)).toBe(expected);
  });

  it('gives nodes only where nodes are asked for', () => {
    expect(compileFlowXPath('//id', {}).toNodes(context)).toHaveLength(2);
    expect(() => compileFlowXPath('1 + 1', {}).toNodes(context)).toThrow(FlowProcessingError);
  });

  it('reads the prefixes of the flow', () => {
    expect(
      compileFlowXPath("p:o = 'a'", { p: 'urn:p' }).toBoolean({
        ...context,
        message: new Message({ body: '<o xmlns="urn:p">a</o>' }),
      }),
    ).toBe(true);
  });
});
