/** Name as written, resolved: `namespace` null matches any, `name` null matches any. */
export interface NameTest {
  readonly namespace: string | null;
  readonly name: string | null;
}

export type KindTest =
  'node' | 'element' | 'attribute' | 'text' | 'comment' | 'processing-instruction' | 'document-node';

export type NodeTest =
  | { readonly type: 'name'; readonly test: NameTest }
  | { readonly type: 'kind'; readonly kind: KindTest; readonly test: NameTest | null };

export type Axis =
  | 'child'
  | 'descendant'
  | 'attribute'
  | 'self'
  | 'descendant-or-self'
  | 'following-sibling'
  | 'following'
  | 'namespace'
  | 'parent'
  | 'ancestor'
  | 'preceding-sibling'
  | 'preceding'
  | 'ancestor-or-self';

export interface QualifiedName {
  readonly namespace: string;
  readonly name: string;
}

export type ItemType =
  | { readonly type: 'item' }
  | { readonly type: 'node'; readonly test: NodeTest }
  | { readonly type: 'atomic'; readonly name: string }
  | { readonly type: 'map' | 'array' | 'function' };

export interface SequenceType {
  readonly item: ItemType | null;
  readonly occurrence: '' | '?' | '*' | '+';
}

export type Expression =
  | { readonly type: 'literal'; readonly value: string | number | bigint | { readonly decimal: string } }
  | { readonly type: 'sequence'; readonly items: readonly Expression[] }
  | { readonly type: 'variable'; readonly name: QualifiedName }
  | { readonly type: 'context' }
  | { readonly type: 'root' }
  | { readonly type: 'for'; readonly variable: QualifiedName; readonly in: Expression; readonly return: Expression }
  | { readonly type: 'let'; readonly variable: QualifiedName; readonly value: Expression; readonly return: Expression }
  | {
      readonly type: 'quantified';
      readonly quantifier: 'some' | 'every';
      readonly variable: QualifiedName;
      readonly in: Expression;
      readonly satisfies: Expression;
    }
  | { readonly type: 'if'; readonly test: Expression; readonly then: Expression; readonly else: Expression }
  | { readonly type: 'or' | 'and'; readonly left: Expression; readonly right: Expression }
  | {
      readonly type: 'comparison';
      readonly kind: 'general' | 'value' | 'node';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: 'concat' | 'range' | 'union' | 'intersect' | 'except' | 'map';
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: 'arithmetic';
      readonly operator: '+' | '-' | '*' | 'div' | 'idiv' | 'mod';
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'negate'; readonly operand: Expression }
  | { readonly type: 'instance' | 'treat'; readonly operand: Expression; readonly as: SequenceType }
  | {
      readonly type: 'cast' | 'castable';
      readonly operand: Expression;
      readonly name: string;
      readonly optional: boolean;
    }
  | { readonly type: 'step'; readonly axis: Axis; readonly test: NodeTest; readonly predicates: readonly Expression[] }
  | { readonly type: 'path'; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'filter'; readonly operand: Expression; readonly predicates: readonly Expression[] }
  | { readonly type: 'call'; readonly name: QualifiedName; readonly arguments: readonly (Expression | null)[] }
  | { readonly type: 'dynamic-call'; readonly target: Expression; readonly arguments: readonly (Expression | null)[] }
  | { readonly type: 'function-reference'; readonly name: QualifiedName; readonly arity: number }
  | { readonly type: 'inline-function'; readonly parameters: readonly QualifiedName[]; readonly body: Expression }
  | { readonly type: 'map-constructor'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly type: 'array-constructor'; readonly members: readonly Expression[]; readonly square: boolean }
  | { readonly type: 'lookup'; readonly target: Expression | null; readonly key: Expression | '*' };
