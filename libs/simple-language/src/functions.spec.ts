// cspell:ignore bananait's
import { describe, expect, it } from '@jest/globals';
import { ExpressionSyntaxError, FlowProcessingError } from '@sluice/domain';
import { compileSimplePredicate, compileSimpleTemplate, type SimpleContext } from './index.js';

const headers = new Map<string, unknown>([
  ['Name', ' Alice '],
  ['word', 'banana'],
  ['list', ['a', 'b', 'c']],
  ['none', []],
  ['number', 12],
  ['zero', 0],
  ['yes', true],
  ['no', false],
  ['text.no', 'FALSE'],
  ['empty', ''],
  ['map', new Map([['k', 'v']])],
  ['object', { k: 'w' }],
  ['date', new Date(Date.UTC(2026, 11, 31, 13, 5))],
  ['time', '1767187500000'],
  ['nonsense', 'not a date'],
]);
const context: SimpleContext = {
  message: {
    headers: headers as unknown as SimpleContext['message']['headers'],
    properties: new Map<string, unknown>([['p', 'word']]),
    body: null,
    isEmpty: true,
    text: () => '',
  },
  exception: new FlowProcessingError('receiver-failed', 'no answer', { responseCode: 503, responseBody: 'later' }),
  exchangeId: 'e',
  flowName: 'orders',
  // 2026-03-05T16:07:08.009Z, a Thursday
  now: () => Date.UTC(2026, 2, 5, 16, 7, 8, 9),
  toText: (value) => (value === null || value === undefined ? '' : String(value as string | number)),
};
const value = (source: string, given = context): unknown => compileSimpleTemplate(source)(given);
const holds = (source: string): boolean => compileSimplePredicate(source)(context);

describe('what is called on a value, as on a text of Java', () => {
  it.each([
    ['${header.Name.trim()}', 'Alice'],
    ['${header.word.size()}', 6],
    ['${header.word.toString}', 'banana'],
    ['${header.word.getLength()}', 6],
    ['${header.Name.toLowerCase}', ' alice '],
    ['${header.empty.isEmpty}', true],
    ['${header.Name.isBlank()}', false],
    ['${header.word.substring(2)}', 'nana'],
    ["${header.word.contains('nan')}", true],
    ['${header.word.startsWith("ba")}', true],
    ["${header.word.endsWith('x')}", false],
    ["${header.word.equals('banana')}", true],
    ["${header.word.equalsIgnoreCase('BANANA')}", true],
    ["${header.word.compareTo('apple')}", 1],
    ["${header.word.compareTo('cherry')}", -1],
    ["${header.word.compareTo('banana')}", 0],
    ["${header.word.indexOf('an')}", 1],
    ["${header.word.lastIndexOf('an')}", 3],
    ['${header.word.charAt(0)}', 'b'],
    ["${header.word.concat('!')}", 'banana!'],
    ["${header.word.replace('a', '$1')}", 'b$1n$1n$1'],
    ["${header.word.replaceFirst('an', 'AN')}", 'bANana'],
    ["${header.word.matches('(ba)?(na)+')}", true],
    ["${header.word.split('n')}", ['ba', 'a', 'a']],
    ["${header.word.split('n')[1]}", 'a'],
    ['${header.word?.trim}', 'banana'],
    ["${header.word.concat('it\\'s')}", "bananait's"],
    ['${header.word.substring( 1 , 3 )}', 'an'],
    ['${header.list[0]}', 'a'],
    ['${header.list[last-1]}', 'b'],
    ['${header.list[9]}', null],
    ['${header.list.isEmpty()}', false],
    ['${header.none.isEmpty()}', true],
    ['${header.list.length()}', 3],
    ['${header.map[k]}', 'v'],
    ['${header.map[x]}', null],
    ["${header.object['k']}", 'w'],
    ['${header.object[toString]}', null],
    ['${header.word[0]}', null],
    ['${header.gone.trim().length()}', null],
    ['${headers.size}', headers.size],
    ['${headers.size()}', headers.size],
  ])('%s gives %j', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it.each([
    ['${header.word.substring(4,2)}', 'expression-failed'],
    ['${header.word.substring(-1)}', 'expression-failed'],
    ['${mandatoryBodyAs(String)}', 'conversion-failed'],
    ['${date:header.nonsense:yyyy}', 'expression-failed'],
  ])('%s fails as %s', (source, code) => {
    expect(() => value(source)).toThrow(expect.objectContaining({ code }));
  });

  it('does not make a text of more than 16 million characters', () => {
    const long = 'a'.repeat(5_000);
    const given = { ...context, message: { ...context.message, headers: new Map([['x', long]]) } };
    const source = `\${header.x.replace('a','${long}')}`;
    expect(() => value(source, given as unknown as SimpleContext)).toThrow(
      expect.objectContaining({ code: 'limit-exceeded' }),
    );
  });

  it.each([
    '${header.word.substring(}',
    '${header.word.substring(1 2)}',
    '${header.word.substring(1,2,3)}',
    "${header.word.replaceAll('(', 'x')}",
    '${header.word[0]x}',
    '${header[]}',
    '${headers.}',
    '${xpath(//a)}',
    '${sys.user}',
    '${ref:x}',
    '${exception.cause.stack}',
    '${date:then:yyyy}',
    "${date:now:yyyy'}",
    '${date-with-timezone:now:Mars/Base:HH}',
    '${header.a ${body} }${x.${body}}',
  ])('refuses %s when it is compiled', (source) => {
    expect(() => compileSimpleTemplate(source)).toThrow(ExpressionSyntaxError);
  });
});

describe('what is known of a failure', () => {
  it.each([
    ['${exception}', 'receiver-failed: no answer'],
    ['${exception.toString()}', 'receiver-failed: no answer'],
    ['${exception.getMessage()}', 'no answer'],
    ['${exception.stacktrace}', 'receiver-failed: no answer'],
    ['${exception.class.name}', 'receiver-failed'],
    ['${exception.statusCode}', 503],
    ['${exception.responseBody}', 'later'],
    ['${exception.statusText}', 'no answer'],
  ])('%s is %j, and nothing where nothing failed', (source, expected) => {
    expect(value(source)).toBe(expected);
    expect(value(source, { ...context, exception: null })).toBeNull();
  });
});

describe('dates in patterns of SimpleDateFormat', () => {
  it.each([
    ['yy y yyyy', '26 2026 2026'],
    ['M MM MMM MMMM', '3 03 Mar March'],
    ['d dd D w u', '5 05 64 10 4'],
    ['H HH k K h hh a', '16 16 16 4 4 04 PM'],
    ['m mm s S SSS', '7 07 8 9 009'],
    ['E EEEE G', 'Thu Thursday AD'],
    ['z Z X XX XXX', 'UTC +0000 Z Z Z'],
    ["'it''s' ''yyyy''", "it's '2026'"],
  ])('%s gives %s', (pattern, expected) => {
    expect(value(`\${date:now:${pattern}}`)).toBe(expected);
  });

  it.each([
    ['GMT+05:30', 'HH:mm Z X XX XXX', '21:37 +0530 +05 +0530 +05:30'],
    ['GMT-08:00', 'HH:mm Z XXX', '08:07 -0800 -08:00'],
    ['Europe/Berlin', 'HH:mm XXX', '17:07 +01:00'],
    ['America/New_York', 'HH:mm Z', '11:07 -0500'],
  ])('in %s %s gives %s', (zone, pattern, expected) => {
    expect(value(`\${date-with-timezone:now:${zone}:${pattern}}`)).toBe(expected);
  });

  it.each([
    ['${date:header.date:yyyy-MM-dd k w}', '2026-12-31 13 1'],
    ['${date:header.time:yyyy-MM-dd}', '2025-12-31'],
    ['${date:header.gone:yyyy}', null],
    ['${date:header.empty:yyyy}', null],
    ['${date:now+1w-2d+3h+4m+5s+6ms:MM-dd HH:mm:ss.SSS}', '03-10 19:11:13.015'],
    ['${date:exchangeCreated:yyyy}', '2026'],
    ['${date:property.none:yyyy}', null],
    ['${date:now}', 'Thu Mar 05 16:07:08 UTC 2026'],
  ])('%s gives %j', (source, expected) => {
    expect(value(source)).toBe(expected);
  });
});

describe('what counts as true', () => {
  it.each([
    ['${header.yes}', true],
    ['${header.no}', false],
    ['${header.number}', true],
    ['${header.zero}', false],
    ['${header.list}', true],
    ['${header.none}', false],
    ['${header.empty}', false],
    ['${header.text.no}', false],
    ['${header.word}', true],
    ['${header.object}', true],
    ['${header.gone}', false],
    ['${null}', false],
    ['${true}', true],
    ['${header.list} contains "b"', true],
    ['${header.list} contains "x"', false],
    ['${header.gone} contains "x"', false],
    ['${header.gone} in "x"', false],
    ['"b" in ${header.list}', true],
    ['"x" in ${header.list}', false],
    ['${header.number} = 12', true],
    ['${header.number} = "12.0"', true],
    ['${header.number} = "twelve"', false],
    ['${header.yes} = "TRUE"', true],
    ['${header.yes} = ${header.no}', false],
    ['${header.word} !=~ "BANANA"', false],
    ['${header.word} ~~ "NAN"', true],
    ['${header.word} >= "banana"', true],
    ['${header.word} > "cherry"', false],
    ['${header.word} ends with "na"', true],
    ['${header.word} endsWith "x"', false],
    ['${header.word} !starts with "x"', true],
    ['${header.number} not range "13..20"', true],
    ['${header.number} range "12..12"', true],
    ['${header.number} > -1.5', true],
    ['${header.yes} && ${header.no}', false],
    ['${header.yes} || ${header.no}', true],
    ["${header.word} !contains 'x'", true],
  ] as [string, boolean][])('%s: %s', (source, expected) => {
    expect(holds(source)).toBe(expected);
  });

  it('needs a range to be one', () => {
    expect(() => holds('${header.number} range "from 1 to 9"')).toThrow(ExpressionSyntaxError);
  });
});

describe('a name that is computed', () => {
  it('is that of a header or property, each time anew', () => {
    expect(value('${header.${property.p}}')).toBe('banana');
  });

  it('is of nothing else', () => {
    expect(() => compileSimpleTemplate('${date:now:${property.p}}')).toThrow(ExpressionSyntaxError);
  });
});
