import { describe, expect, it } from '@jest/globals';
import { ExpressionSyntaxError, FlowProcessingError } from '@sluice/domain';
import { compileSimplePredicate, compileSimpleTemplate, type SimpleContext, type SimpleMessage } from './index.js';

/** Names without case, as headers of a message are. */
class Headers extends Map<string, unknown> {
  override get(name: string): unknown {
    return super.get(name.toLowerCase());
  }

  override has(name: string): boolean {
    return super.has(name.toLowerCase());
  }

  override set(name: string, value: unknown): this {
    return super.set(name.toLowerCase(), value);
  }
}

function messageOf(
  headers: readonly (readonly [string, unknown])[],
  properties: readonly (readonly [string, unknown])[] = [],
  body: string | null = null,
): SimpleMessage {
  return {
    headers: new Headers(headers),
    properties: new Map(properties),
    body,
    isEmpty: body === null || body === '',
    text: () => body ?? '',
  };
}

const message = messageOf(
  [
    ['Name', 'Alice'],
    ['amount', '12'],
    ['when', '2026-01-31T23:30:00Z'],
    ['list', ['a', 'b', 'c']],
    ['empty', ''],
  ],
  [
    ['Mode', 'test'],
    ['a.b', 'dotted'],
    ['flag', 'true'],
  ],
  '<o><id>7</id></o>',
);
const context: SimpleContext = {
  message,
  exception: new FlowProcessingError('receiver-failed', 'no answer', { responseCode: 503 }),
  exchangeId: 'exchange-1',
  flowName: 'orders',
  // 2026-03-05T06:07:08.009Z
  now: () => Date.UTC(2026, 2, 5, 6, 7, 8, 9),
  toText: (value) => (value === null || value === undefined ? '' : String(value as string | number)),
};
const value = (source: string): unknown => compileSimpleTemplate(source)(context);
const holds = (source: string): boolean => compileSimplePredicate(source)(context);

describe('Simple texts', () => {
  it.each([
    ['${header.name}', 'Alice'],
    ['${in.header.NAME}', 'Alice'],
    ['${headers.Name}', 'Alice'],
    ['${header[Name]}', 'Alice'],
    ["${headers['Name']}", 'Alice'],
    ['${property.Mode}', 'test'],
    ['${exchangeProperty.Mode}', 'test'],
    ['${property.a.b}', 'dotted'],
    ['${property.mode}', null],
    ['${body}', '<o><id>7</id></o>'],
    ['${in.body}', '<o><id>7</id></o>'],
    ['${bodyAs(String)}', '<o><id>7</id></o>'],
    ['${bodyAs(java.lang.String).length()}', 17],
    ['a ${header.Name} b ${header.gone} c', 'a Alice b  c'],
    ['no function', 'no function'],
    ['${date:now:yyyy-MM-dd}', '2026-03-05'],
    ["${date:now:yyyy-MM-dd'T'HH:mm:ss.SSS}", '2026-03-05T06:07:08.009'],
    ['${date:now-1d:yyMMdd}', '260304'],
    ['${date:header.when:dd.MM.yyyy}', '31.01.2026'],
    ['${date-with-timezone:now:Europe/Berlin:HH:mm}', '07:07'],
    ['${date-with-timezone:now:GMT+05:30:HH:mm}', '11:37'],
    ['${date:now:EEE, d MMM yyyy}', 'Thu, 5 Mar 2026'],
    ['${date:now:hh a}', '06 AM'],
    ['${exception.message}', 'no answer'],
    ['${exchangeId}', 'exchange-1'],
    ['${camelId}', 'orders'],
    ['${header.Name.toUpperCase()}', 'ALICE'],
    ['${header.Name.substring(0,3)}', 'Ali'],
    ["${header.Name.replaceAll('[aeiou]','_')}", 'Al_c_'],
    ['${header.list[1]}', 'b'],
    ['${header.list[last]}', 'c'],
    ['${header.list.size()}', 3],
    ['${header.gone.length()}', null],
    ['${header.${property.Mode}}', null],
  ])('%s gives %j', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it.each([
    '${bean:x}',
    '${sysenv.HOME}',
    '${header.}',
    '${header.a',
    '${nonsense}',
    '${body.customer.name}',
    '${header.Name.destroy()}',
    '${date:now:yyyy-bb}',
    '${random(10)}',
  ])('refuses %s when it is compiled', (source) => {
    expect(() => compileSimpleTemplate(source)).toThrow(ExpressionSyntaxError);
  });

  it('fails typed when a substring is outside', () => {
    expect(() => value('${header.Name.substring(3,99)}')).toThrow(FlowProcessingError);
  });
});

describe('Simple conditions', () => {
  it.each([
    ["${header.Name} = 'Alice'", true],
    ["${header.Name} == 'alice'", false],
    ["${header.Name} =~ 'alice'", true],
    ["${header.Name} != 'Bob'", true],
    ["${header.gone} = ''", false],
    ["${header.gone} != ''", true],
    ['${header.gone} = null', true],
    ["${header.empty} = ''", true],
    ['${header.amount} > 5', true],
    ["${header.amount} > '9'", true],
    ['${header.amount} <= 12', true],
    ["${header.Name} < 'Bob'", true],
    ['${header.gone} > 5', false],
    ["${header.Name} contains 'lic'", true],
    ["${header.Name} not contains 'lic'", false],
    ["${header.Name} in 'Bob,Alice'", true],
    ["${header.Name} not in 'Bob,Carol'", true],
    ["${header.Name} regex '[A-Z][a-z]+'", true],
    ["${header.Name} regex '[A-Z]'", false],
    ["${header.Name} starts with 'Al'", true],
    ["${header.amount} range '1..20'", true],
    ['${property.flag}', true],
    ["${header.Name} = 'Alice' and ${property.Mode} = 'test'", true],
    ["${header.Name} = 'Bob' or ${property.Mode} = 'test'", true],
    // Read from the left, as Camel does: (true or false) and false
    ["${property.flag} = 'true' or ${header.Name} = 'Bob' and ${header.Name} = 'Bob'", false],
    ["${body} contains '<id>7'", true],
    ["${header.Name} = '${header.Name}'", true],
  ])('%s is %s', (source, expected) => {
    expect(holds(source)).toBe(expected);
  });

  it.each(['', '${header.a} = ', "= 'a'", "${header.a} 'b'", "${header.a} is 'String'", "${header.a} = 'b' and"])(
    'refuses %j when it is compiled',
    (source) => {
      expect(() => compileSimplePredicate(source)).toThrow(ExpressionSyntaxError);
    },
  );

  it('matches in linear time what backtracks for ever elsewhere', () => {
    const evil = messageOf([['x', `${'a'.repeat(50_000)}b`]]);
    const start = process.threadCpuUsage();
    expect(compileSimplePredicate("${header.x} regex '(a+)+'")({ ...context, message: evil })).toBe(false);
    expect(process.threadCpuUsage(start).user).toBeLessThan(5_000_000);
  });
});
