import { ExpressionSyntaxError } from '@sluice/domain';
import { type SequenceType } from '../syntax/xpath-ast.js';
import { castTo, isKnownType } from '../value/cast-value.js';
import { type Atomic, EMPTY, atomize, oneAtomic, xpathError } from '../value/xpath-value.js';
import { type Evaluator } from './evaluator.js';
import { matchesSequenceType } from './match-type.js';

export function compileInstanceOf(operand: Evaluator, type: SequenceType): Evaluator {
  checkType(type.item?.type === 'atomic' ? type.item.name : null);
  return (dynamic) => [matchesSequenceType(operand(dynamic), type)];
}

export function compileTreat(operand: Evaluator, type: SequenceType): Evaluator {
  checkType(type.item?.type === 'atomic' ? type.item.name : null);
  return (dynamic) => {
    const value = operand(dynamic);
    if (!matchesSequenceType(value, type)) throw xpathError('XPDY0050', 'A value is not of the type it is treated as.');
    return value;
  };
}

export function compileCast(type: 'cast' | 'castable', operand: Evaluator, name: string, optional: boolean): Evaluator {
  if (type === 'cast')
    return (dynamic) => {
      const value = oneAtomic(operand(dynamic), 'A cast value');
      if (value !== null) return [castTo(value, name)];
      if (optional) return EMPTY;
      throw xpathError('XPTY0004', `Nothing cannot be cast to xs:${name}.`);
    };
  return (dynamic) => {
    const atoms = atomize(operand(dynamic));
    if (atoms.length !== 1) return [atoms.length === 0 && optional];
    try {
      castTo(atoms[0] as Atomic, name);
      return [true];
    } catch {
      return [false];
    }
  };
}

/** @throws ExpressionSyntaxError for a type that is not known */
export function checkType(name: string | null): void {
  if (name !== null && !isKnownType(name)) throw new ExpressionSyntaxError(`The type "${name}" is not known.`);
}
