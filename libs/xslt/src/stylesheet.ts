import type { DecimalFormat, Evaluator, Dynamic, Sequence } from '@sluice/xpath/host-language';
import type { XmlNode } from '@sluice/xml';
import { type Pattern } from './match-pattern.js';
import { type Output } from './result-output.js';

/** Runs instructions one after the other; variables they set are seen by those behind them. */
export type Instruction = (dynamic: Dynamic, output: Output) => void;

/** Parameters of a call: plain ones, and tunnel ones that pass through. */
export interface CallParameters {
  readonly plain: ReadonlyMap<string, Sequence>;
  readonly tunnel: ReadonlyMap<string, Sequence>;
}

export const NO_PARAMETERS: CallParameters = { plain: new Map(), tunnel: new Map() };

export interface Template {
  readonly name: string | null;
  readonly run: (dynamic: Dynamic, output: Output, parameters: CallParameters) => void;
}

export interface TemplateRule {
  readonly pattern: Pattern;
  readonly priority: number;
  /** Larger for a module that imports another. */
  readonly precedence: number;
  readonly order: number;
  readonly template: Template;
}

export type NoMatch = 'text-only-copy' | 'shallow-copy' | 'deep-copy' | 'shallow-skip' | 'deep-skip' | 'fail';

/** Rules of one mode, the best first. */
export class Mode {
  readonly rules: TemplateRule[] = [];
  onNoMatch: NoMatch = 'text-only-copy';
  #byName: Map<string, TemplateRule[]> | null = null;

  add(rule: TemplateRule): void {
    this.rules.push(rule);
    this.#byName = null;
  }

  /** @returns rules that may match a node by its kind and name, the best first */
  candidates(node: XmlNode): readonly TemplateRule[] {
    if (this.#byName === null) {
      this.rules.sort(
        (first, second) =>
          second.precedence - first.precedence || second.priority - first.priority || second.order - first.order,
      );
      this.#byName = new Map();
    }
    const key = `${node.kind}/${node.namespace}/${node.name}`;
    let found = this.#byName.get(key);
    if (found === undefined) {
      found = this.rules.filter(({ pattern }) => mayMatch(pattern, node));
      // Names come from messages, so the index must not grow with them.
      if (this.#byName.size < 2_000) this.#byName.set(key, found);
    }
    return found;
  }
}

function mayMatch({ test }: Pattern, node: XmlNode): boolean {
  if (test === null) return true;
  if (test.type === 'name')
    return (
      node.kind === 'element' &&
      (test.test.name === null || test.test.name === node.name) &&
      (test.test.namespace === null || test.test.namespace === node.namespace)
    );
  if (test.kind === 'document-node') return node.kind === 'document';
  if (test.kind === 'node') return true;
  return node.kind === test.kind && (test.test === null || test.test.name === null || test.test.name === node.name);
}

export interface OutputFormat {
  method: 'xml' | 'text' | 'html' | null;
  omitDeclaration: boolean;
  standalone: string | null;
  doctypePublic: string | null;
  doctypeSystem: string | null;
  mediaType: string | null;
  cdataElements: Set<string>;
  indent: boolean;
}

/** A compiled stylesheet; holds no state of a transformation. */
export class Stylesheet {
  readonly modes = new Map<string, Mode>();
  readonly named = new Map<string, Template & { readonly precedence: number }>();
  readonly globals = new Map<
    string,
    { readonly isParameter: boolean; readonly precedence: number; readonly evaluate: (dynamic: Dynamic) => Sequence }
  >();
  readonly keys = new Map<string, { readonly match: readonly Pattern[]; readonly use: Evaluator }[]>();
  readonly decimalFormats = new Map<string, DecimalFormat>();
  readonly attributeSets = new Map<string, Instruction[]>();
  readonly stripSpace: { readonly pattern: string; readonly strip: boolean }[] = [];
  readonly output: OutputFormat = {
    method: null,
    omitDeclaration: false,
    standalone: null,
    doctypePublic: null,
    doctypeSystem: null,
    mediaType: null,
    cdataElements: new Set(),
    indent: false,
  };

  /** Rules of the mode `#all`, which are in every mode. */
  readonly #everywhere: TemplateRule[] = [];

  mode(name: string): Mode {
    let mode = this.modes.get(name);
    if (mode === undefined) {
      mode = new Mode();
      for (const rule of this.#everywhere) mode.add(rule);
      this.modes.set(name, mode);
    }
    return mode;
  }

  addEverywhere(rule: TemplateRule): void {
    this.#everywhere.push(rule);
    for (const mode of this.modes.values()) mode.add(rule);
  }
}
