import { beforeEach, describe, expect, it } from '@jest/globals';
import type { VariablePort } from '../port/flow-ports.js';

const day = 86_400_000;

/** Variables under test: two flows that share them, and the clock they go by. */
export interface VariablesUnderTest {
  readonly ofFlow: (flowId: string) => VariablePort;
  readonly advance: (milliseconds: number) => void;
}

/** What every store of variables promises (SAP Cloud Integration: "Define Write Variables"). */
export function describeVariables(name: string, make: () => Promise<VariablesUnderTest> | VariablesUnderTest): void {
  describe(`variables ${name}`, () => {
    let under: VariablesUnderTest;
    let variables: VariablePort;

    beforeEach(async () => {
      under = await make();
      variables = under.ofFlow('a');
    });

    it('are read as they were written last', async () => {
      expect(await variables.get('last', 'local')).toBeUndefined();
      await variables.set('last', 'local', '2026-03-05', 400);
      await variables.set('last', 'local', '2026-03-06', 400);
      expect(await variables.get('last', 'local')).toBe('2026-03-06');
    });

    it('may be empty', async () => {
      await variables.set('empty', 'global', '', 400);
      expect(await variables.get('empty', 'global')).toBe('');
    });

    it('are the flow’s own when local, and everybody’s when global', async () => {
      const other = under.ofFlow('b');
      await variables.set('x', 'local', 'mine', 400);
      await variables.set('x', 'global', 'ours', 400);
      expect(await other.get('x', 'local')).toBeUndefined();
      expect(await other.get('x', 'global')).toBe('ours');
      expect(await variables.get('x', 'local')).toBe('mine');
    });

    it('are forgotten when their days are over', async () => {
      await variables.set('x', 'local', 'v', 1);
      under.advance(day - 1);
      expect(await variables.get('x', 'local')).toBe('v');
      under.advance(1);
      expect(await variables.get('x', 'local')).toBeUndefined();
    });

    it('count number ranges without giving a number twice', async () => {
      const numbers = await Promise.all(
        Array.from({ length: 20 }, async (_, n) =>
          (n % 2 === 0 ? variables : under.ofFlow('b')).nextNumber?.('orders'),
        ),
      );
      expect(new Set(numbers).size).toBe(20);
      expect(await variables.nextNumber?.('other')).not.toBeUndefined();
    });
  });
}
