// cspell:ignore FOCA
import { describe, expect, it } from '@jest/globals';
import { ExpressionSyntaxError, FlowProcessingError } from '@sluice/domain';
import { parseXml } from '@sluice/xml';
import { compileExpression } from './evaluate/compile-expression.js';
import { compileXPath, type Sequence, textOf, type XPathHost } from './index.js';
import { parseXPath } from './syntax/parse-xpath.js';
import { Dynamic, EvaluationBudget } from './value/xpath-value.js';

const document = parseXml('<r xmlns:p="urn:p"><o id="x1" n="3"><a>1</a></o><o id="x2"><a>2</a><b/></o><p:o/></r>');
const host: XPathHost = { now: () => 0, variable: () => undefined };
const options = {
  namespace: (prefix: string) => (prefix === 'h' ? 'urn:h' : prefix === 'p' ? 'urn:p' : null),
  function: (namespace: string, name: string, arity: number) =>
    namespace === 'urn:h' && name === 'join' && arity === 2
      ? (_host: XPathHost, [one = [], other = []]: readonly Sequence[]): Sequence => [
          `${one.map(textOf).join('+')}/${other.map(textOf).join('+')}`,
        ]
      : null,
};
const evaluate = (source: string): string =>
  compileXPath(source, options).evaluate(document, host).map(textOf).join('|');

describe('an expression of XPath 3.1', () => {
  it.each([
    // Logic
    ['1 = 1 or error()', 'true'],
    ['1 = 2 and error()', 'false'],
    ['1 = 2 or 0', 'false'],
    ['"a" and 1.5', 'true'],
    ['boolean(0.0)', 'false'],
    ['//o[@id = "x1" and @n]/@id', 'x1'],
    ['//o[@id = "x2" or @n]/@id', 'x1|x2'],
    ['//o[not(@n) and b]/@id', 'x2'],
    ['//o[2 or @n][1]/@id', 'x1'],
    ['if (()) then 1 else 2', '2'],
    // Paths
    ['/r/element(o)[1]/@id', 'x1'],
    ['//document-node()', ''],
    ['/self::document-node(element(r))/r/@*', ''],
    ['//o/attribute(n)', '3'],
    ['//a/parent::o/@id', 'x1|x2'],
    ['//a/parent::r', ''],
    ['//b/ancestor-or-self::b/name()', 'b'],
    ['//b/preceding-sibling::a', '2'],
    ['//@id/following-sibling::*', ''],
    ['count(//p:*)', '1'],
    ['//a[1][. = 2]', '2'],
    ['path(//a[. = 2])', '/Q{}r[1]/Q{}o[2]/Q{}a[1]'],
    ['path(/)', '/'],
    // Calls
    ['h:join((1, 2), "x")', '1+2/x'],
    ['let $f := h:join(?, "y") return $f(3)', '3/y'],
    ['let $f := function($x as xs:integer) as xs:integer { $x + 1 } return $f(1)', '2'],
    ['let $f := function() { } return count($f())', '0'],
    ['1 => h:join(2)', '1/2'],
    ['let $f := abs#1 return -2 => $f()', '2'],
    ['[1, 2](2)', '2'],
    ['let $a := [10, 20] return array:size($a) + $a(1)', '12'],
    ['array {}  => array:size()', '0'],
    ['map { "a": 1 } ? a', '1'],
    ['[5, 6] ? 2', '6'],
    ['map { 1: "i", "1": "s", 1.5: "d", true(): "b" } ! (.(1), .("1"), .(1.5), .(true()))', 'i|s|d|b'],
    ['map { xs:date("2026-01-01"): "d" }(xs:date("2026-01-01"))', 'd'],
    ['map { xs:dayTimeDuration("PT1H"): "h" }(xs:dayTimeDuration("PT60M"))', 'h'],
    // Words
    ["'it''s'", "it's"],
    ['"say ""x"""', 'say "x"'],
    ['1 (: a (: nested :) comment :) + 1', '2'],
    ['Q{urn:p}o ! 1', ''],
    ['.5 + 1.', '1.5'],
    ['1 to 0', ''],
    // Numbers
    ['1e-7', '1.0E-7'],
    ['xs:decimal("0.0000001")', '0.0000001'],
    ['xs:decimal(1e-7)', '0.0000001'],
    ['xs:decimal(1e21)', '1000000000000000000000'],
    ['xs:decimal(true()) + xs:decimal(3)', '4'],
    ['-0e0', '-0'],
    ['number("x")', 'NaN'],
    ['number(true())', '1'],
    ['number(xs:date("2026-01-01"))', 'NaN'],
    ['round(1.5e0)', '2'],
    ['round(-0.5e0)', '-0'],
    ['round(0.49999999999999994e0)', '0'],
    ['round(125, -1)', '130'],
    ['format-number(1234567.891, "#,##0.00")', '1,234,567.89'],
    ['format-number(-5, "0;(0)")', '(5)'],
    ['min(("b", "a"))', 'a'],
    ['max((1, 2.5))', '2.5'],
    // Types
    ['xs:integer(())', ''],
    ['"5" cast as xs:integer + 1', '6'],
    ['"x" castable as xs:integer', 'false'],
    ['abs#1 instance of function(*)', 'true'],
    ['1 instance of xs:double', 'false'],
    ['1e0 instance of xs:double', 'true'],
    ['xs:dayTimeDuration("P1D") instance of xs:duration', 'true'],
    ['xs:QName("p:o")', 'p:o'],
    ['1 treat as xs:integer', '1'],
    // Dates
    ['xs:gYear("2026")', '2026'],
    ['xs:gYearMonth("2026-02")', '2026-02'],
    ['xs:time("24:00:00")', '00:00:00'],
    ['xs:date("2026-03-01") - xs:dayTimeDuration("P1D")', '2026-02-28'],
    ['xs:time("01:00:00") - xs:dayTimeDuration("PT2H")', '23:00:00'],
    ['format-date(xs:date("2026-01-02"), "[D1o] [MNn] [Y]")', '2nd January 2026'],
    ['format-date(xs:date("2026-01-13"), "[D1o] [FNn,*-3] [W]")', '13th Tue 3'],
  ])('%s is %j', (source, expected) => {
    expect(evaluate(source)).toBe(expected);
  });

  it.each([
    'xs:integer(1, 2)',
    '1 ? ',
    'map { "a" 1 }',
    'abs#x',
    '//processing-instruction(1)',
    '/document-node(x',
    '1 instance of xs:',
    '(: open',
    '1 ~ 2',
    "'a''",
    '//o[self::element(]',
    'nowhere::a',
    '$x => ',
    '('.repeat(5_000),
  ])('%s cannot be read', (source) => {
    expect(() => compileXPath(source, options)).toThrow(ExpressionSyntaxError);
  });

  it.each([
    ['$unknown', /unknown/],
    ['map { (): 1 }', /XPTY0004/],
    ['map { "a": 1, "a": 2 }', /XQDY0137/],
    ['[1](2)', /FOAY0001/],
    ['map{} = 1', /FOTY0013/],
    ['string(map{})', /FOTY0014/],
    ['boolean(xs:date("2026-01-01"))', /FORG0006/],
    ['(1, //a)/a', /XPTY0019|XPTY0018|XPTY0020/],
    ['(//a, 1)/(., 1)', /XPTY0018|XPTY0019/],
    ['abs(())  + (1, 2)', /XPTY0004/],
    ['xs:decimal(1e0 div 0)', /FOCA0002|FORG0001/],
    ['xs:integer(xs:double("INF"))', /FOCA0002|FORG0001/],
    ['xs:date("2026-02-30")', /FORG0001/],
    ['xs:time("24:00:01")', /FORG0001/],
    ['xs:dateTime("2026-01-01T25:00:00")', /FORG0001/],
    ['xs:yearMonthDuration("P1D")', /FORG0001/],
    ['10000000000 * ' + Array(200).fill('10000000000').join(' * '), /FOAR0002/],
    ['format-date(xs:date("2026-01-01"), "a]b")', /FOFD1340/],
    ['parse-json("{")', /FOJS0001/],
    [`parse-json("${'['.repeat(2_000)}")`, /FOJS0001/],
  ])('%s ends in a typed error', (source, code) => {
    expect(() => evaluate(source)).toThrow(FlowProcessingError);
    expect(() => evaluate(source)).toThrow(code);
  });

  it('gives nodes where nodes are wanted, and its first item where a text is', () => {
    expect(compileXPath('//o', options).toNodes(document, host)).toHaveLength(2);
    expect(() => compileXPath('//o, 1', options).toNodes(document, host)).toThrow('a value where nodes are expected');
    expect(compileXPath('//a', options).toText(document, host)).toBe('1');
    expect(compileXPath('//none', options).toText(document, host)).toBe('');
  });
});

describe('an expression that is of XPath 1.0', () => {
  const context = { namespace: () => null, elementNamespace: '', compatible: true };
  const environment = () => ({
    budget: new EvaluationBudget(1_000),
    host: undefined,
    now: () => 0,
    variable: () => undefined,
  });
  const asIn10 = (source: string): string =>
    compileExpression(
      parseXPath(source, context),
      context,
    )(new Dynamic(document, 1, 1, null, environment() as never))
      .map(textOf)
      .join('|');

  // https://www.w3.org/TR/xpath-31/#id-general-comparisons, and XPath 1.0 section 3.4
  it.each([
    ["'5' + 1", '6'],
    ['//a + 10', '11'],
    ['//none + 1', 'NaN'],
    ["'a' = true()", 'true'],
    ['//none = false()', 'true'],
    ["'10' > '9'", 'true'],
    ["'1.0' = 1", 'true'],
    ["'1.0' = '1'", 'false'],
    ["'a' != 'b'", 'true'],
    ['//a = //a[2]', 'false'],
    ['//a >= 2', 'true'],
    ["contains(//o/@id, 'x2')", 'false'],
    ["'x' < 1", 'false'],
  ])('%s is %j', (source, expected) => {
    expect(asIn10(source)).toBe(expected);
  });
});
