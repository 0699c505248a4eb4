import {
  compareKeys,
  type Evaluator,
  variableKey,
  xpathRegex,
  type Atomic,
  type Dynamic,
  EMPTY,
  type Item,
  type Sequence,
  XPathMap,
  atomize,
  booleanValue,
  keyOf,
  oneAtomic,
  textOf,
  toDouble,
  xpathError,
} from '@sluice/xpath/host-language';

import { FlowProcessingError, toProcessingError } from '@sluice/domain';
import { XmlNode } from '@sluice/xml';
import { applyRule, applyTemplates, currentRule } from './apply-rules.js';
import { type ElementCompiler, inherited, isYes, type TextTemplate } from './compile-element.js';
import { compileNumber } from './compile-number.js';
import { type Output, SequenceOutput, TreeOutput, copyNode, inScope } from './result-output.js';
import { type CallParameters, type Instruction, NO_PARAMETERS, type Stylesheet } from './stylesheet.js';
import { XSLT_NAMESPACE } from './xslt-functions.js';
import { GROUP, GROUPING_KEY, REGEX_GROUPS, focusOn, templateFocus } from './xslt-scope.js';

/** Where tunnel parameters are kept among the variables. */
const TUNNEL = '\u0000tunnel:';

/** Instructions of the recommendation that are refused by name. */
const REFUSED: Readonly<Record<string, string>> = {
  evaluate: 'a fixed expression',
  'source-document': 'a request-reply step',
  stream: 'templates on the whole document',
  merge: 'xsl:for-each with xsl:sort',
  fork: 'several instructions',
  iterate: 'a named template that calls itself',
  accumulator: 'a variable or key',
  'import-schema': 'an XML validation step',
  namespace: 'xsl:element or xsl:attribute with a namespace',
  'namespace-alias': 'xsl:element',
  'character-map': 'replace()',
  script: 'a script step',
};

type Sort = (items: Sequence, dynamic: Dynamic, focusOf?: (item: Item, index: number) => Dynamic) => Sequence;

/** Compiles sequence constructors: the content of templates and instructions. */
export class InstructionCompiler {
  readonly #elements: ElementCompiler;
  readonly #stylesheet: Stylesheet;

  constructor(elements: ElementCompiler, stylesheet: Stylesheet) {
    this.#elements = elements;
    this.#stylesheet = stylesheet;
  }

  /** @param skip names of xsl elements at the beginning that the caller has read itself (params, sorts) */
  content(parent: XmlNode, skip: ReadonlySet<string> = NOTHING): Instruction {
    const parts: {
      readonly key: string | null;
      readonly evaluate: Evaluator | null;
      readonly run: Instruction | null;
    }[] = [];
    for (const node of parent.children) {
      if (node.kind === 'text') {
        const run = this.#text(node);
        if (run !== null) parts.push({ key: null, evaluate: null, run });
      } else if (node.kind === 'element') {
        if (node.namespace === XSLT_NAMESPACE && (skip.has(node.name) || node.name === 'fallback')) continue;
        if (node.namespace === XSLT_NAMESPACE && node.name === 'variable')
          parts.push({ key: this.variableName(node), evaluate: this.value(node), run: null });
        else parts.push({ key: null, evaluate: null, run: this.#element(node) });
      }
    }
    const [only] = parts;
    if (parts.length === 0) return () => undefined;
    if (parts.length === 1 && only !== undefined && only.run !== null) return only.run;
    return (dynamic, output) => {
      let current = dynamic;
      for (const part of parts) {
        if (part.run !== null) part.run(current, output);
        else if (part.key !== null && part.evaluate !== null) current = current.bind(part.key, part.evaluate(current));
      }
    };
  }

  variableName(node: XmlNode): string {
    const expanded = this.#elements.expandedName(node, this.#elements.required(node, 'name'));
    const match = /^\{(.*)\}(.*)$/.exec(expanded);
    return match === null ? expanded : variableKey({ namespace: match[1] as string, name: match[2] as string });
  }

  /** The value of a variable, parameter or `with-param`: its `select`, else its content as a tree, or a sequence if it has a type. */
  value(node: XmlNode): Evaluator {
    const select = this.#elements.select(node);
    const convert = this.#elements.conversion(node);
    if (select !== null) return convert === null ? select : (dynamic) => convert(select(dynamic));
    const content = this.content(node, SORTS_AND_PARAMS);
    if (convert !== null) return (dynamic) => convert(collect(content, dynamic));
    const empty = !node.children.some(
      (child) => child.kind === 'element' || (child.kind === 'text' && child.value.trim() !== ''),
    );
    if (empty) return () => [''];
    return (dynamic) => {
      const tree = new TreeOutput();
      content(dynamic, tree);
      return [tree.document()];
    };
  }

  #text(node: XmlNode): Instruction | null {
    const value = node.value;
    if (value.trim() === '' && !preservesSpace(node)) return null;
    const expands = isYes(expandText(node));
    if (!expands || node.parent === null) return (_, output) => output.text(value);
    const template = this.#elements.template(node.parent, value);
    return (dynamic, output) => output.text(template(dynamic));
  }

  #element(node: XmlNode): Instruction {
    if (node.namespace !== XSLT_NAMESPACE) return this.#literal(node);
    switch (node.name) {
      case 'apply-templates':
        return this.#applyTemplates(node);
      case 'call-template':
        return this.#callTemplate(node);
      case 'next-match':
      case 'apply-imports':
        return this.#nextMatch(node);
      case 'for-each':
        return this.#forEach(node);
      case 'for-each-group':
        return this.#forEachGroup(node);
      case 'if':
        return this.#if(node);
      case 'choose':
        return this.#choose(node);
      case 'value-of':
        return this.#valueOf(node);
      case 'text': {
        const value = node.text;
        const template = isYes(expandText(node)) ? this.#elements.template(node, value) : null;
        return (dynamic, output) => output.text(template === null ? value : template(dynamic));
      }
      case 'sequence':
      case 'copy-of':
        return this.#sequence(node);
      case 'copy':
        return this.#copy(node);
      case 'element':
        return this.#makeElement(node);
      case 'attribute':
        return this.#makeAttribute(node);
      case 'comment': {
        const text = this.#textContent(node);
        return (dynamic, output) => output.comment(text(dynamic).replace(/--/g, '- -').replace(/-$/, '- '));
      }
      case 'processing-instruction': {
        const name = this.#elements.template(node, this.#elements.required(node, 'name'));
        const text = this.#textContent(node);
        return (dynamic, output) => output.processingInstruction(name(dynamic), text(dynamic).replace(/\?>/g, '? >'));
      }
      case 'number':
        return compileNumber(node, this.#elements);
      case 'perform-sort': {
        const sort = this.#sorts(node);
        const select = this.#elements.select(node);
        const content = this.content(node, SORTS_AND_PARAMS);
        return (dynamic, output) => {
          for (const item of sort(select === null ? collect(content, dynamic) : select(dynamic), dynamic))
            output.item(item);
        };
      }
      case 'analyze-string':
        return this.#analyzeString(node);
      case 'message':
        return this.#message(node);
      case 'document': {
        const content = this.content(node);
        return (dynamic, output) => {
          const tree = new TreeOutput();
          content(dynamic, tree);
          output.item(tree.document());
        };
      }
      case 'map':
        return this.#map(node);
      case 'map-entry': {
        const key = this.#elements.select(node, 'key') ?? (() => EMPTY);
        const value = this.#valueOrContent(node);
        return (dynamic, output) => {
          const name = oneAtomic(key(dynamic), 'A key');
          if (name === null) throw xpathError('XTTE3165', 'A key of a map is empty.');
          output.item(new XPathMap().set(name, value(dynamic)));
        };
      }
      case 'try':
        return this.#try(node);
      case 'result-document':
        if (node.attribute('href') === null) return this.content(node);
        break;
      case 'assert':
      case 'fallback':
        return () => undefined;
      default:
    }
    this.#elements.problem(node, `xsl:${node.name} is not offered.`, {
      unsupported: true,
      nearest: REFUSED[node.name] ?? 'another XSLT instruction',
    });
    return () => undefined;
  }

  #literal(node: XmlNode): Instruction {
    const excluded = excludedNamespaces(node);
    const declarations: Record<string, string> = {};
    const scope = inScope(node) ?? {};
    for (const prefix in scope) {
      const uri = scope[prefix] as string;
      if (uri !== XSLT_NAMESPACE && !excluded.has(uri)) declarations[prefix] = uri;
    }
    if (node.namespace !== '') declarations[node.prefix] = node.namespace;
    const attributes = node.attributes
      .filter((attribute) => attribute.namespace !== XSLT_NAMESPACE)
      .map((attribute) => ({ attribute, value: this.#elements.template(node, attribute.value) }));
    const sets = this.#attributeSets(
      node.attributes.find(({ name, namespace }) => name === 'use-attribute-sets' && namespace === XSLT_NAMESPACE)
        ?.value ?? null,
    );
    const content = this.content(node);
    return (dynamic, output) => {
      dynamic.environment.budget.spend(1);
      output.startElement(node.name, node.prefix, node.namespace, declarations);
      for (const set of sets) for (const run of this.#stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
      for (const { attribute, value } of attributes)
        output.attribute(attribute.name, attribute.prefix, attribute.namespace, value(dynamic));
      content(dynamic, output);
      output.endElement();
    };
  }

  #attributeSets(names: string | null): string[] {
    return (names ?? '').split(/\s+/).filter((name) => name !== '');
  }

  /** Values of `xsl:with-param`, on top of the tunnel parameters that pass through. */
  #withParams(node: XmlNode): (dynamic: Dynamic) => CallParameters {
    const params = node.children
      .filter((child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE && child.name === 'with-param')
      .map((child) => ({
        key: this.variableName(child),
        value: this.value(child),
        tunnel: isYes(child.attribute('tunnel')),
      }));
    return (dynamic) => {
      const passing = tunnelParameters(dynamic);
      if (params.length === 0 && passing.size === 0) return NO_PARAMETERS;
      const plain = new Map<string, Sequence>();
      const tunnel = new Map(passing);
      for (const { key, value, tunnel: through } of params) (through ? tunnel : plain).set(key, value(dynamic));
      return { plain, tunnel };
    };
  }

  #applyTemplates(node: XmlNode): Instruction {
    const select = this.#elements.select(node);
    const sort = this.#sorts(node);
    const parameters = this.#withParams(node);
    const modeText = node.attribute('mode') ?? '';
    const fixed = modeText === '#current' ? null : modeName(this.#elements, node, modeText);
    return (dynamic, output) => {
      const mode = fixed ?? currentRule(dynamic)?.modeName ?? '';
      let items: Sequence;
      if (select !== null) items = select(dynamic);
      else {
        if (!(dynamic.item instanceof XmlNode))
          throw xpathError('XTTE0510', 'xsl:apply-templates needs a node to start from.');
        items = dynamic.item.children;
      }
      applyTemplates(this.#stylesheet, sort(items, dynamic), mode, parameters(dynamic), dynamic, output);
    };
  }

  #callTemplate(node: XmlNode): Instruction {
    const name = this.#elements.expandedName(node, this.#elements.required(node, 'name'));
    const parameters = this.#withParams(node);
    return (dynamic, output) => {
      dynamic.environment.budget.spend(1);
      const template = this.#stylesheet.named.get(name);
      if (template === undefined) throw xpathError('XTSE0650', `There is no template "${name}".`);
      const { item, position, size } = dynamic;
      template.run(item === null ? dynamic : templateFocus(dynamic, item, position, size), output, parameters(dynamic));
    };
  }

  #nextMatch(node: XmlNode): Instruction {
    const importsOnly = node.name === 'apply-imports';
    const parameters = this.#withParams(node);
    return (dynamic, output) => {
      const current = currentRule(dynamic);
      if (current === null || dynamic.item === null)
        throw xpathError('XTDE0560', `xsl:${node.name} stands outside a template rule.`);
      const mode = this.#stylesheet.mode(current.modeName);
      applyRule(
        this.#stylesheet,
        mode,
        current.modeName,
        dynamic.item,
        { rule: current.rule, importsOnly },
        parameters(dynamic),
        templateFocus(dynamic, dynamic.item, dynamic.position, dynamic.size),
        output,
      );
    };
  }

  #forEach(node: XmlNode): Instruction {
    const select = this.#elements.select(node) ?? this.#missing(node, 'select');
    const sort = this.#sorts(node);
    const content = this.content(node, SORTS_AND_PARAMS);
    return (dynamic, output) => {
      const items = sort(select(dynamic), dynamic);
      items.forEach((item, index) => {
        dynamic.environment.budget.spend(1);
        content(focusOn(dynamic, item, index + 1, items.length), output);
      });
    };
  }

  #missing(node: XmlNode, attribute: string): Evaluator {
    this.#elements.problem(node, `xsl:${node.name} needs the attribute ${attribute}.`);
    return () => EMPTY;
  }

  #forEachGroup(node: XmlNode): Instruction {
    const select = this.#elements.select(node) ?? this.#missing(node, 'select');
    const groups = this.#grouping(node);
    const content = this.content(node, SORTS_AND_PARAMS);
    const sort = this.#sorts(node);
    const sorted = node.children.some((child) => child.name === 'sort' && child.namespace === XSLT_NAMESPACE);
    return (dynamic, output) => {
      let made = groups(select(dynamic), dynamic);
      const focusOf = (group: Group, index: number): Dynamic =>
        focusOn(dynamic, group.items[0] as Item, index + 1, made.length)
          .bind(GROUP, group.items)
          .bind(GROUPING_KEY, group.key);
      if (sorted) {
        // Sort keys see each group as the current one.
        const before = made;
        const positions = before.map((_, index) => BigInt(index));
        const order = sort(positions, dynamic, (_, index) => focusOf(before[index] as Group, index));
        made = order.map((position) => before[Number(position)] as Group);
      }
      made.forEach((group, index) => content(focusOf(group, index), output));
    };
  }

  #grouping(node: XmlNode): (items: Sequence, dynamic: Dynamic) => Group[] {
    const by = this.#elements.select(node, 'group-by');
    const adjacent = this.#elements.select(node, 'group-adjacent');
    const starting = node.attribute('group-starting-with');
    const ending = node.attribute('group-ending-with');
    const each = (items: Sequence, dynamic: Dynamic, visit: (item: Item, focus: Dynamic) => void): void =>
      items.forEach((item, index) => {
        dynamic.environment.budget.spend(1);
        visit(item, focusOn(dynamic, item, index + 1, items.length));
      });
    if (by !== null)
      return (items, dynamic) => {
        const groups = new Map<string, { key: Sequence; items: Item[] }>();
        each(items, dynamic, (item, focus) => {
          for (const value of atomize(by(focus))) {
            const key = keyOf(value);
            const group = groups.get(key);
            if (group === undefined) groups.set(key, { key: [value], items: [item] });
            else if (group.items.at(-1) !== item) group.items.push(item);
          }
        });
        return [...groups.values()];
      };
    if (adjacent !== null)
      return (items, dynamic) => {
        const made: { key: Sequence; items: Item[] }[] = [];
        each(items, dynamic, (item, focus) => {
          const value = oneAtomic(adjacent(focus), 'group-adjacent') ?? '';
          const last = made.at(-1);
          if (last !== undefined && keyOf(last.key[0] as Atomic) === keyOf(value)) last.items.push(item);
          else made.push({ key: [value], items: [item] });
        });
        return made;
      };
    const source = starting ?? ending;
    if (source === null) {
      this.#elements.problem(
        node,
        'xsl:for-each-group needs group-by, group-adjacent, group-starting-with or group-ending-with.',
      );
      return () => [];
    }
    const pattern = this.#elements.pattern(node, source);
    return (items, dynamic) => {
      const made: { key: Sequence; items: Item[] }[] = [];
      let open = false;
      each(items, dynamic, (item, focus) => {
        const matches = item instanceof XmlNode && pattern.some((alternative) => alternative.matches(item, focus));
        if (made.length === 0 || (starting !== null ? matches : !open)) made.push({ key: EMPTY, items: [item] });
        else made.at(-1)?.items.push(item);
        open = starting !== null || !matches;
      });
      return made;
    };
  }

  #if(node: XmlNode): Instruction {
    const test = this.#elements.select(node, 'test') ?? this.#missing(node, 'test');
    const content = this.content(node);
    return (dynamic, output) => {
      if (booleanValue(test(dynamic))) content(dynamic, output);
    };
  }

  #choose(node: XmlNode): Instruction {
    const branches: { readonly test: Evaluator | null; readonly content: Instruction }[] = [];
    for (const child of node.children) {
      if (child.kind !== 'element') continue;
      if (child.namespace !== XSLT_NAMESPACE || (child.name !== 'when' && child.name !== 'otherwise'))
        this.#elements.problem(child, 'xsl:choose holds xsl:when and xsl:otherwise only.');
      else
        branches.push({
          test:
            child.name === 'otherwise' ? null : (this.#elements.select(child, 'test') ?? this.#missing(child, 'test')),
          content: this.content(child),
        });
    }
    return (dynamic, output) => {
      for (const { test, content } of branches)
        if (test === null || booleanValue(test(dynamic))) {
          content(dynamic, output);
          return;
        }
    };
  }

  #valueOf(node: XmlNode): Instruction {
    const select = this.#elements.select(node);
    const separator = this.#elements.attributeTemplate(node, 'separator');
    if (select === null) {
      const text = this.#textContent(node);
      return (dynamic, output) => output.text(text(dynamic));
    }
    const compatible = this.#elements.context(node).compatible === true && separator === null;
    return (dynamic, output) => {
      const atoms = atomize(compatible ? select(dynamic).slice(0, 1) : select(dynamic));
      output.text(atoms.map(textOf).join(separator === null ? ' ' : separator(dynamic)));
    };
  }

  /** The text a `select` or content makes. */
  #textContent(node: XmlNode): TextTemplate {
    const select = this.#elements.select(node);
    const separator = this.#elements.attributeTemplate(node, 'separator');
    if (select !== null) {
      const compatible = this.#elements.context(node).compatible === true;
      return (dynamic) => {
        const atoms = atomize(select(dynamic));
        return (compatible ? atoms.slice(0, 1) : atoms).map(textOf).join(separator === null ? ' ' : separator(dynamic));
      };
    }
    const content = this.content(node);
    return (dynamic) => {
      if (separator !== null) return atomize(collect(content, dynamic)).map(textOf).join(separator(dynamic));
      const tree = new TreeOutput();
      content(dynamic, tree);
      return tree.document().text;
    };
  }

  #sequence(node: XmlNode): Instruction {
    const select = this.#elements.select(node);
    if (select === null) return this.content(node);
    const namespaces = node.attribute('copy-namespaces') === null || isYes(node.attribute('copy-namespaces'));
    const copies = node.name === 'copy-of';
    return (dynamic, output) => {
      for (const item of select(dynamic)) {
        dynamic.environment.budget.spend(1);
        if (copies && item instanceof XmlNode) copyNode(item, output, namespaces, true);
        else output.item(item);
      }
    };
  }

  #copy(node: XmlNode): Instruction {
    const select = this.#elements.select(node);
    const content = this.content(node);
    const sets = this.#attributeSets(node.attribute('use-attribute-sets'));
    const namespaces = node.attribute('copy-namespaces') === null || isYes(node.attribute('copy-namespaces'));
    const copyItem = (item: Item, dynamic: Dynamic, output: Output): void => {
      dynamic.environment.budget.spend(1);
      if (!(item instanceof XmlNode)) output.item(item);
      else if (item.kind === 'element') {
        output.startElement(item.name, item.prefix, item.namespace, namespaces ? inScope(item) : null);
        for (const set of sets) for (const run of this.#stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
        content(dynamic, output);
        output.endElement();
      } else if (item.kind === 'document') content(dynamic, output);
      else copyNode(item, output, namespaces, true);
    };
    if (select === null)
      return (dynamic, output) => {
        if (dynamic.item === null) throw xpathError('XTTE0945', 'xsl:copy has nothing to copy.');
        copyItem(dynamic.item, dynamic, output);
      };
    return (dynamic, output) => {
      const [item] = select(dynamic);
      if (item !== undefined) copyItem(item, focusOn(dynamic, item, 1, 1), output);
    };
  }

  /** Resolves a computed name: its namespace is given, or that of its prefix in the stylesheet. */
  #name(
    node: XmlNode,
    forAttribute: boolean,
  ): (dynamic: Dynamic) => { prefix: string; name: string; namespace: string } {
    const name = this.#elements.template(node, this.#elements.required(node, 'name'));
    const namespace = this.#elements.attributeTemplate(node, 'namespace');
    return (dynamic) => {
      const written = name(dynamic).trim();
      const match = NAME.exec(written);
      if (match === null)
        throw xpathError('XTDE0820', `"${written.slice(0, 60)}" cannot be the name of an element or attribute.`);
      const [, prefix = '', local = ''] = match as unknown as [string, string?, string?];
      if (namespace !== null) {
        const uri = namespace(dynamic);
        return { prefix: uri === '' ? '' : prefix, name: local, namespace: uri };
      }
      if (prefix === '')
        return { prefix: '', name: local, namespace: forAttribute ? '' : (node.lookupNamespace('') ?? '') };
      const uri = node.lookupNamespace(prefix);
      if (uri === null) throw xpathError('XTDE0830', `The prefix "${prefix}" is not declared in the stylesheet.`);
      return { prefix, name: local, namespace: uri };
    };
  }

  #makeElement(node: XmlNode): Instruction {
    const nameOf = this.#name(node, false);
    const content = this.content(node);
    const sets = this.#attributeSets(node.attribute('use-attribute-sets'));
    return (dynamic, output) => {
      dynamic.environment.budget.spend(1);
      const { prefix, name, namespace } = nameOf(dynamic);
      output.startElement(name, prefix, namespace, null);
      for (const set of sets) for (const run of this.#stylesheet.attributeSets.get(set) ?? []) run(dynamic, output);
      content(dynamic, output);
      output.endElement();
    };
  }

  #makeAttribute(node: XmlNode): Instruction {
    const nameOf = this.#name(node, true);
    const text = this.#textContent(node);
    return (dynamic, output) => {
      const { prefix, name, namespace } = nameOf(dynamic);
      output.attribute(name, prefix, namespace, text(dynamic));
    };
  }

  #sorts(node: XmlNode): Sort {
    const keys = node.children
      .filter((child) => child.kind === 'element' && child.namespace === XSLT_NAMESPACE && child.name === 'sort')
      .map((child) => ({
        select: this.#elements.select(child) ?? this.#sortContent(child),
        order: this.#elements.attributeTemplate(child, 'order'),
        dataType: this.#elements.attributeTemplate(child, 'data-type'),
      }));
    if (keys.length === 0) return (items) => items;
    return (items, dynamic, focusOf) => {
      dynamic.environment.budget.spend(items.length * keys.length);
      const directions = keys.map(({ order }) => (order !== null && order(dynamic).trim() === 'descending' ? -1 : 1));
      const numbers = keys.map(({ dataType }) => dataType !== null && dataType(dynamic).trim() === 'number');
      const decorated = items.map((item, index) => ({
        item,
        values: keys.map(({ select }, place) => {
          const focus = focusOf === undefined ? focusOn(dynamic, item, index + 1, items.length) : focusOf(item, index);
          const value = atomize(select(focus)).slice(0, 1);
          return numbers[place] === true ? value.map(toDouble) : value;
        }),
      }));
      decorated.sort((first, second) => {
        for (let place = 0; place < keys.length; place++) {
          const order = compareKeys(first.values[place] ?? [], second.values[place] ?? []);
          if (order !== 0) return order * (directions[place] as number);
        }
        return 0;
      });
      return decorated.map(({ item }) => item);
    };
  }

  #sortContent(node: XmlNode): Evaluator {
    if (node.children.length === 0) return (dynamic) => (dynamic.item === null ? EMPTY : [dynamic.item]);
    const content = this.content(node);
    return (dynamic) => collect(content, dynamic);
  }

  #analyzeString(node: XmlNode): Instruction {
    const select = this.#elements.select(node) ?? this.#missing(node, 'select');
    const regex = this.#elements.template(node, this.#elements.required(node, 'regex'));
    const flags = this.#elements.attributeTemplate(node, 'flags');
    const branch = (name: string): Instruction => {
      const child = node.children.find(
        (candidate) => candidate.name === name && candidate.namespace === XSLT_NAMESPACE,
      );
      return child === undefined ? () => undefined : this.content(child);
    };
    const [matching, rest] = [branch('matching-substring'), branch('non-matching-substring')];
    return (dynamic, output) => {
      const value = oneAtomic(select(dynamic), 'The text of xsl:analyze-string');
      const text = value === null ? '' : textOf(value);
      const matcher = xpathRegex(regex(dynamic), flags === null ? '' : flags(dynamic)).matcher(text);
      let at = 0;
      let position = 0;
      const plain = (part: string): void => {
        if (part !== '') rest(focusOn(dynamic, part, ++position, 1), output);
      };
      while (matcher.find()) {
        if (matcher.end() === matcher.start())
          throw xpathError('XTDE1150', 'The pattern of xsl:analyze-string matches the empty text.');
        plain(text.slice(at, matcher.start()));
        const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? '');
        matching(focusOn(dynamic, groups[0] ?? '', ++position, 1).bind(REGEX_GROUPS, groups), output);
        at = matcher.end();
      }
      plain(text.slice(at));
    };
  }

  #message(node: XmlNode): Instruction {
    const text = this.#textContent(node);
    const terminate = this.#elements.attributeTemplate(node, 'terminate');
    return (dynamic) => {
      if (terminate !== null && isYes(terminate(dynamic)))
        throw new FlowProcessingError('mapping-failed', `The stylesheet stopped: ${text(dynamic).slice(0, 1000)}`);
    };
  }

  #map(node: XmlNode): Instruction {
    const content = this.content(node);
    return (dynamic, output) => {
      const map = new XPathMap();
      for (const item of collect(content, dynamic)) {
        if (!(item instanceof XPathMap)) throw xpathError('XTTE3375', 'xsl:map holds map entries only.');
        for (const { key, value } of item.entries.values()) map.set(key, value);
      }
      output.item(map);
    };
  }

  #valueOrContent(node: XmlNode): Evaluator {
    const select = this.#elements.select(node);
    if (select !== null) return select;
    const content = this.content(node);
    return (dynamic) => collect(content, dynamic);
  }

  #try(node: XmlNode): Instruction {
    const select = this.#elements.select(node);
    const content = select === null ? this.content(node, CATCH) : null;
    const [handler] = node.children.filter((child) => child.name === 'catch' && child.namespace === XSLT_NAMESPACE);
    const caught = handler === undefined ? (): void => undefined : this.#handler(handler);
    return (dynamic, output) => {
      let items: Sequence;
      try {
        items = content === null ? (select as Evaluator)(dynamic) : collect(content, dynamic);
      } catch (error) {
        const failure = toProcessingError(error);
        if (failure.code === 'limit-exceeded') throw failure;
        caught(
          dynamic
            .bind(`{${ERROR_NAMESPACE}}description`, [failure.message])
            .bind(`{${ERROR_NAMESPACE}}code`, [failure.code]),
          output,
        );
        return;
      }
      for (const item of items) output.item(item);
    };
  }

  #handler(node: XmlNode): Instruction {
    const select = this.#elements.select(node);
    if (select === null) return this.content(node);
    return (dynamic, output) => {
      for (const item of select(dynamic)) output.item(item);
    };
  }
}

interface Group {
  readonly key: Sequence;
  readonly items: readonly Item[];
}

const NOTHING: ReadonlySet<string> = new Set();
export const SORTS_AND_PARAMS: ReadonlySet<string> = new Set(['sort', 'param', 'with-param', 'context-item']);
const CATCH: ReadonlySet<string> = new Set(['catch']);
const ERROR_NAMESPACE = 'http://www.w3.org/2005/xqt-errors';
const NAME = /^(?:([\p{L}_][\p{L}\p{N}._-]*):)?([\p{L}_][\p{L}\p{N}._-]*)$/u;

/** Runs instructions for the sequence they make. */
export function collect(content: Instruction, dynamic: Dynamic): Sequence {
  const output = new SequenceOutput();
  content(dynamic, output);
  return output.items;
}

/** @returns the expanded name of a mode; `#default` and nothing are the unnamed one */
export function modeName(elements: ElementCompiler, node: XmlNode, text: string): string {
  return text === '' || text === '#default' || text === '#unnamed' ? '' : elements.expandedName(node, text);
}

/** @returns the tunnel parameters that reach this point */
export function tunnelParameters(dynamic: Dynamic): Map<string, Sequence> {
  const found = new Map<string, Sequence>();
  for (let scope = dynamic.scope; scope !== null; scope = scope.outer)
    if (scope.key.startsWith(TUNNEL) && !found.has(scope.key.slice(TUNNEL.length)))
      found.set(scope.key.slice(TUNNEL.length), scope.value);
  return found;
}

/** Makes tunnel parameters visible to the calls below. */
export function bindTunnel(dynamic: Dynamic, parameters: CallParameters): Dynamic {
  let bound = dynamic;
  for (const [key, value] of parameters.tunnel) bound = bound.bind(TUNNEL + key, value);
  return bound;
}

function preservesSpace(node: XmlNode): boolean {
  for (let current = node.parent; current !== null; current = current.parent) {
    if (current.namespace === XSLT_NAMESPACE && current.name === 'text') return true;
    const space = current.attributes.find(({ name, prefix }) => name === 'space' && prefix === 'xml');
    if (space !== undefined) return space.value === 'preserve';
  }
  return false;
}

function expandText(node: XmlNode): string | null {
  return inherited(node.kind === 'text' ? (node.parent as XmlNode) : node, 'expand-text');
}

/** Namespaces that literal result elements do not carry into the result. */
function excludedNamespaces(node: XmlNode): Set<string> {
  const excluded = new Set<string>();
  for (let current: XmlNode | null = node; current !== null; current = current.parent) {
    const own = current.namespace === XSLT_NAMESPACE;
    for (const attribute of current.attributes) {
      if (attribute.namespace !== (own ? '' : XSLT_NAMESPACE)) continue;
      if (attribute.name !== 'exclude-result-prefixes' && attribute.name !== 'extension-element-prefixes') continue;
      for (const prefix of attribute.value.split(/\s+/)) {
        if (prefix === '#all') for (const uri of Object.values(inScope(current) ?? {})) excluded.add(uri);
        else if (prefix !== '') {
          const uri = current.lookupNamespace(prefix === '#default' ? '' : prefix);
          if (uri !== null) excluded.add(uri);
        }
      }
    }
  }
  return excluded;
}
