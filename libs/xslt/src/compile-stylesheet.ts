import {
  type XPathFunctionImplementation,
  DEFAULT_DECIMAL_FORMAT,
  type DecimalFormat,
  Dynamic,
  EMPTY,
  type Sequence,
  xpathError,
} from '@sluice/xpath/host-language';
import { parseXml, XmlNode } from '@sluice/xml';
import { ElementCompiler, isYes } from './compile-element.js';
import { InstructionCompiler } from './compile-instruction.js';
import { bindTunnel, modeName } from './instruction/call-template.js';
import { SORTS_AND_PARAMS, collect } from './instruction/content-compiler.js';
import { RESULT_NAMES } from './serialize-result.js';
import { StylesheetError } from './stylesheet-error.js';
import { type NoMatch, Stylesheet, type Template } from './stylesheet.js';
import { XSLT_NAMESPACE } from './xslt-functions.js';

const MAXIMUM_MODULES = 100;
const PARAMS: ReadonlySet<string> = new Set(['param', 'context-item']);

/**
 * Compiles an XSLT 1.0 to 3.0 stylesheet. Imported and included modules come from `resources`, by name or file name.
 * @throws StylesheetError with every problem
 */
export function compileStylesheet(
  name: string,
  source: string,
  resources: Readonly<Record<string, string>>,
): Stylesheet {
  const compiler = new StylesheetCompiler(resources);
  compiler.module(name, source, null);
  compiler.finish();
  if (compiler.elements.problems.length > 0) throw new StylesheetError(compiler.elements.problems);
  return compiler.stylesheet;
}

class StylesheetCompiler {
  readonly stylesheet = new Stylesheet();
  readonly elements = new ElementCompiler();
  readonly #instructions = new InstructionCompiler(this.elements, this.stylesheet);
  readonly #resources: Readonly<Record<string, string>>;
  readonly #open: string[] = [];
  #modules = 0;
  #precedence = 0;
  #order = 0;

  constructor(resources: Readonly<Record<string, string>>) {
    this.#resources = resources;
  }

  /** @param includer precedence of the module that includes this one, or null to give it its own */
  module(name: string, source: string, includer: { readonly precedence: number } | null): void {
    if (++this.#modules > MAXIMUM_MODULES || this.#open.includes(name)) {
      this.elements.problem(
        new XmlNode('document'),
        `The stylesheet "${name}" includes itself, or there are too many modules.`,
      );
      return;
    }
    let root: XmlNode | null;
    try {
      root = parseXml(source).firstElement;
    } catch (error) {
      this.elements.problem(new XmlNode('document'), `"${name}": ${(error as Error).message}`);
      return;
    }
    if (root === null) return;
    this.#open.push(name);
    if (root.namespace !== XSLT_NAMESPACE || (root.name !== 'stylesheet' && root.name !== 'transform'))
      this.#simplified(root, name);
    else {
      this.#modulesOf(root, 'import');
      const precedence = includer ?? { precedence: ++this.#precedence };
      this.#modulesOf(root, 'include', precedence);
      // Functions first, so that expressions anywhere find them.
      for (const child of this.#declarations(root)) if (child.name === 'function') this.#function(child);
      for (const child of this.#declarations(root)) this.#declaration(child, precedence.precedence);
    }
    this.#open.pop();
  }

  /** A literal result element as the whole stylesheet. */
  #simplified(root: XmlNode, name: string): void {
    if (!root.attributes.some((attribute) => attribute.name === 'version' && attribute.namespace === XSLT_NAMESPACE)) {
      this.elements.problem(root, `"${name}" is not an XSLT stylesheet.`);
      return;
    }
    const holder = new XmlNode('document');
    holder.children.push(root);
    const content = this.#instructions.content(holder);
    const [pattern] = this.elements.pattern(root, '/');
    if (pattern !== undefined)
      this.stylesheet.mode('').add({
        pattern,
        priority: pattern.defaultPriority,
        precedence: ++this.#precedence,
        order: ++this.#order,
        template: { name: null, run: (dynamic, output) => content(dynamic, output) },
      });
  }

  #declarations(root: XmlNode): XmlNode[] {
    return root.children.filter((child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE);
  }

  #modulesOf(root: XmlNode, kind: 'import' | 'include', includer: { readonly precedence: number } | null = null): void {
    for (const child of this.#declarations(root)) {
      if (child.name !== kind) continue;
      const href = this.elements.required(child, 'href');
      const file = href.slice(href.lastIndexOf('/') + 1);
      const name = Object.keys(this.#resources).find(
        (candidate) => candidate === href || candidate === file || candidate.endsWith(`/${file}`),
      );
      const source = name === undefined ? undefined : this.#resources[name];
      if (name === undefined || source === undefined)
        this.elements.problem(child, `The stylesheet "${href}" is not part of the flow.`, {
          nearest: 'add it to the artifact',
        });
      else this.module(name, source, includer);
    }
  }

  #declaration(node: XmlNode, precedence: number): void {
    switch (node.name) {
      case 'import':
      case 'include':
      case 'function':
        return;
      case 'template':
        this.#template(node, precedence);
        return;
      case 'variable':
      case 'param': {
        const key = this.#instructions.variableName(node);
        const before = this.stylesheet.globals.get(key);
        if (before === undefined || before.precedence <= precedence)
          this.stylesheet.globals.set(key, {
            isParameter: node.name === 'param',
            precedence,
            evaluate: this.#instructions.value(node),
          });
        return;
      }
      case 'key': {
        const name = this.elements.required(node, 'name').replace(/^.*:/, '');
        const content = node.attribute('use') === null ? this.#instructions.content(node) : null;
        const use =
          this.elements.select(node, 'use') ??
          ((dynamic: Dynamic): Sequence => (content === null ? EMPTY : collect(content, dynamic)));
        const keys = this.stylesheet.keys.get(name) ?? [];
        keys.push({ match: this.elements.pattern(node, this.elements.required(node, 'match')), use });
        this.stylesheet.keys.set(name, keys);
        return;
      }
      case 'output':
        this.#output(node);
        return;
      case 'strip-space':
      case 'preserve-space':
        for (const pattern of this.elements.required(node, 'elements').split(/\s+/))
          if (pattern !== '')
            this.stylesheet.stripSpace.push({
              pattern: pattern.replace(/^.*:(?!\*)/, ''),
              strip: node.name === 'strip-space',
            });
        return;
      case 'attribute-set': {
        const name = this.elements.required(node, 'name');
        const inner = (node.attribute('use-attribute-sets') ?? '').split(/\s+/).filter((set) => set !== '');
        const content = this.#instructions.content(node);
        const sets = this.stylesheet.attributeSets.get(name) ?? [];
        sets.push((dynamic, output) => {
          for (const set of inner) for (const run of this.stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
          content(dynamic, output);
        });
        this.stylesheet.attributeSets.set(name, sets);
        return;
      }
      case 'decimal-format':
        this.stylesheet.decimalFormats.set((node.attribute('name') ?? '').replace(/^.*:/, ''), decimalFormat(node));
        return;
      case 'mode': {
        const mode = this.stylesheet.mode(modeName(this.elements, node, node.attribute('name') ?? ''));
        const choice = node.attribute('on-no-match') ?? 'text-only-copy';
        if (!NO_MATCH.has(choice)) this.elements.problem(node, `on-no-match "${choice}" is not known.`);
        mode.onNoMatch = choice as NoMatch;
        return;
      }
      case 'global-context-item':
        return;
      default:
        this.elements.problem(node, `xsl:${node.name} is not offered.`, { unsupported: true });
    }
  }

  #template(node: XmlNode, precedence: number): void {
    const nameText = node.attribute('name');
    const match = node.attribute('match');
    const template: Template = {
      name: nameText === null ? null : this.elements.expandedName(node, nameText),
      run: this.#body(node),
    };
    if (template.name === null && match === null) this.elements.problem(node, 'xsl:template needs match or name.');
    if (template.name !== null) {
      const before = this.stylesheet.named.get(template.name);
      if (before === undefined || before.precedence <= precedence)
        this.stylesheet.named.set(template.name, { ...template, precedence });
    }
    if (match === null) return;
    const priority = node.attribute('priority');
    const modes = (node.attribute('mode') ?? '')
      .split(/\s+/)
      .map((mode) => (mode === '#all' ? '#all' : modeName(this.elements, node, mode)));
    for (const pattern of this.elements.pattern(node, match))
      for (const mode of modes) {
        const rule = {
          pattern,
          priority: priority === null ? pattern.defaultPriority : Number(priority),
          precedence,
          order: ++this.#order,
          template,
        };
        if (mode === '#all') this.stylesheet.addEverywhere(rule);
        else this.stylesheet.mode(mode).add(rule);
      }
  }

  /** Parameters first: given, else their default, which sees those before it. */
  #body(node: XmlNode): Template['run'] {
    const params = node.children
      .filter((child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE && child.name === 'param')
      .map((child) => ({
        key: this.#instructions.variableName(child),
        value: this.#instructions.value(child),
        convert: this.elements.conversion(child),
        tunnel: isYes(child.attribute('tunnel')),
        required: isYes(child.attribute('required')),
      }));
    const content = this.#instructions.content(node, PARAMS);
    return (dynamic, output, parameters) => {
      let focus = parameters.tunnel.size === 0 ? dynamic : bindTunnel(dynamic, parameters);
      for (const param of params) {
        const given = (param.tunnel ? parameters.tunnel : parameters.plain).get(param.key);
        if (given === undefined && param.required)
          throw xpathError('XTDE0700', `The parameter $${param.key} is required.`);
        focus = focus.bind(
          param.key,
          given === undefined ? param.value(focus) : param.convert === null ? given : param.convert(given),
        );
      }
      content(focus, output);
    };
  }

  #function(node: XmlNode): void {
    const expanded = this.elements.expandedName(node, this.elements.required(node, 'name'));
    const match = /^\{(.*)\}(.*)$/.exec(expanded);
    if (match === null) {
      this.elements.problem(node, 'A function needs a name with a prefix.');
      return;
    }
    const params = node.children.filter(
      (child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE && child.name === 'param',
    );
    let body: ((dynamic: Dynamic, values: readonly Sequence[]) => Sequence) | null = null;
    const implementation: XPathFunctionImplementation = {
      minimum: params.length,
      maximum: params.length,
      call: (dynamic, values) => {
        dynamic.environment.budget.spend(1);
        return (body as NonNullable<typeof body>)(dynamic, values);
      },
    };
    this.elements.functions.set(`{${match[1]}}${match[2]}#${params.length}`, implementation);
    // The body is compiled once all functions are known, as they may call each other.
    this.#later.push(() => {
      const keys = params.map((param) => ({
        key: this.#instructions.variableName(param),
        convert: this.elements.conversion(param),
      }));
      const content = this.#instructions.content(node, SORTS_AND_PARAMS);
      const convert = this.elements.conversion(node);
      body = (dynamic, values) => {
        let focus = new Dynamic(null, 0, 0, null, dynamic.environment);
        keys.forEach(({ key, convert: typed }, index) => {
          const value = values[index] ?? EMPTY;
          focus = focus.bind(key, typed === null ? value : typed(value));
        });
        const result = collect(content, focus);
        return convert === null ? result : convert(result);
      };
    });
  }

  readonly #later: (() => void)[] = [];

  /** Compiles what had to wait for all declarations. */
  finish(): void {
    for (const compile of this.#later.splice(0)) compile();
  }

  #output(node: XmlNode): void {
    const { output } = this.stylesheet;
    const method = node.attribute('method')?.trim();
    if (method === 'xml' || method === 'text' || method === 'html') output.method = method;
    else if (method === 'xhtml') output.method = 'xml';
    else if (method !== undefined)
      this.elements.problem(node, `The output method "${method}" is not offered.`, {
        unsupported: true,
        nearest: 'xml, text or html',
      });
    if (node.attribute('omit-xml-declaration') !== null)
      output.omitDeclaration = isYes(node.attribute('omit-xml-declaration'));
    output.standalone = node.attribute('standalone') ?? output.standalone;
    output.doctypePublic = node.attribute('doctype-public') ?? output.doctypePublic;
    output.doctypeSystem = node.attribute('doctype-system') ?? output.doctypeSystem;
    output.mediaType = node.attribute('media-type') ?? output.mediaType;
    output.indent = isYes(node.attribute('indent'));
    for (const name of (node.attribute('cdata-section-elements') ?? '').split(/\s+/))
      if (name !== '') output.cdataElements.add(name.replace(/^.*:/, ''));
    const encoding = node.attribute('encoding');
    if (encoding !== null && !RESULT_NAMES.has(encoding.toLowerCase()))
      this.elements.problem(node, `The output encoding "${encoding}" is not offered.`, {
        unsupported: true,
        nearest: 'UTF-8',
      });
  }
}

const NO_MATCH: ReadonlySet<string> = new Set([
  'text-only-copy',
  'shallow-copy',
  'deep-copy',
  'shallow-skip',
  'deep-skip',
  'fail',
]);

function decimalFormat(node: XmlNode): DecimalFormat {
  const text = (attribute: string, standard: string): string => node.attribute(attribute) ?? standard;
  const standard = DEFAULT_DECIMAL_FORMAT;
  return {
    decimalSeparator: text('decimal-separator', standard.decimalSeparator),
    groupingSeparator: text('grouping-separator', standard.groupingSeparator),
    minusSign: text('minus-sign', standard.minusSign),
    percent: text('percent', standard.percent),
    perMille: text('per-mille', standard.perMille),
    zeroDigit: text('zero-digit', standard.zeroDigit),
    digit: text('digit', standard.digit),
    patternSeparator: text('pattern-separator', standard.patternSeparator),
    infinity: text('infinity', standard.infinity),
    notANumber: text('NaN', standard.notANumber),
  };
}
