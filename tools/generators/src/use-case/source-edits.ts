import ts from 'typescript';

/** A source file, changed at places that its syntax tree names. What is already there stays as it is. */
export class SourceEdits {
  readonly path: string;
  readonly #text: string;
  readonly #file: ts.SourceFile;
  readonly #insertions: { readonly at: number; readonly text: string }[] = [];

  // Nx runs this file as it is: Node takes the types away and nothing else, so there are no parameter properties.
  constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
    this.#file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  }

  /** With every insertion made. */
  toString(): string {
    return this.#insertions
      .toSorted((a, b) => b.at - a.at)
      .reduce((text, { at, text: more }) => text.slice(0, at) + more + text.slice(at), this.#text);
  }

  append(text: string): void {
    this.#insert(this.#text.length, text);
  }

  /** Imports names by one import of that module, the one that is there or a new one. Types are given as `type X`. */
  import(module: string, ...names: readonly string[]): void {
    const list = this.#file.statements.find(
      (each): each is ts.ImportDeclaration =>
        ts.isImportDeclaration(each) && (each.moduleSpecifier as ts.StringLiteral).text === module,
    )?.importClause?.namedBindings;
    if (list && ts.isNamedImports(list)) return this.#addNames(list.elements, names);
    const last = this.#file.statements.findLast(ts.isImportDeclaration);
    this.#insert(last?.end ?? 0, `\nimport { ${names.join(', ')} } from '${module}';`);
  }

  /** Names one more export of `export { … } from 'module'`. @throws Error when there is none */
  exportFrom(module: string, name: string): void {
    const list = this.#file.statements.find(
      (each): each is ts.ExportDeclaration =>
        ts.isExportDeclaration(each) && (each.moduleSpecifier as ts.StringLiteral | undefined)?.text === module,
    )?.exportClause;
    if (!list || !ts.isNamedExports(list)) throw new Error(`${this.path} exports nothing of ${module}.`);
    this.#addNames(list.elements, [name]);
  }

  /** Adds an element to `member: [ … ]` of the object that a decorator of the file's class is given. */
  addToDecorator(decorator: string, member: string, element: string): void {
    const call = (ts.getDecorators(this.#class()) ?? [])
      .map(({ expression }) => expression)
      .find((each): each is ts.CallExpression => ts.isCallExpression(each) && each.expression.getText() === decorator);
    const [object] = call?.arguments ?? [];
    const property =
      object && ts.isObjectLiteralExpression(object)
        ? object.properties.find((each) => each.name?.getText() === member)
        : undefined;
    if (!property || !ts.isPropertyAssignment(property) || !ts.isArrayLiteralExpression(property.initializer))
      throw new Error(`${this.path} has no ${member}: [ … ] in @${decorator}: give it one.`);
    const { elements } = property.initializer;
    const last = elements.at(-1);
    if (last) this.#insert(last.end, `, ${element}`);
    else this.#insert(elements.pos, element);
  }

  /** A parameter property of the constructor, and a method at the end of the class. */
  addToClass(parameter: string, method: string): void {
    const declared = this.#class();
    const constructor = declared.members.find(ts.isConstructorDeclaration);
    const last = constructor?.parameters.at(-1);
    if (last) this.#insert(last.end, `, ${parameter}`);
    else if (constructor) this.#insert(constructor.parameters.pos, parameter);
    else this.#insert(declared.members.pos, `\n  constructor(${parameter}) {}\n`);
    this.#insert(declared.members.end, `\n${method}`);
  }

  hasMember(name: string): boolean {
    return this.#class().members.some((each) => each.name?.getText() === name);
  }

  /** Whether something of this name is declared or imported at the top. */
  declares(name: string): boolean {
    return this.#file.statements.some(
      (each) =>
        ts.isVariableStatement(each) &&
        each.declarationList.declarations.some((declaration) => declaration.name.getText() === name),
    );
  }

  #class(): ts.ClassDeclaration {
    const found = this.#file.statements.find(ts.isClassDeclaration);
    if (!found) throw new Error(`${this.path} has no class.`);
    return found;
  }

  #addNames(elements: ts.NodeArray<ts.ImportSpecifier | ts.ExportSpecifier>, names: readonly string[]): void {
    const bare = (name: string) => name.replace(/^type /, '');
    const present = new Set(elements.map((each) => each.name.text));
    const missing = names.filter((name) => !present.has(bare(name)));
    const last = elements.at(-1);
    if (missing.length > 0) this.#insert(last?.end ?? elements.pos, `${last ? ', ' : ''}${missing.join(', ')}`);
  }

  #insert(at: number, text: string): void {
    this.#insertions.push({ at, text });
  }
}
