import * as prettier from 'prettier';
import { namesOf, type UseCaseNames } from './names.ts';
import { SourceEdits } from './source-edits.ts';
import { handler, operation, spec, useCase } from './templates.ts';

/** What the generator needs of Nx's tree of files, which are written when it has ended. */
export interface Tree {
  exists(path: string): boolean;
  children(path: string): string[];
  read(path: string, encoding: 'utf-8'): string | null;
  write(path: string, content: string): void;
}

export interface UseCaseOptions {
  readonly app: string;
  readonly noun: string;
  readonly verb: string;
  readonly path?: string;
  readonly api?: string;
}

const contracts = 'libs/contracts/src';

/**
 * Writes a use case of a noun that is there: its operation and the export of it, its class and its place in the noun's module, its
 * handler in the noun's controller, and a spec that fails until somebody writes what must hold.
 * @throws Error that names what is missing, or there already; then nothing is written
 */
export default async function generateUseCase(tree: Tree, options: UseCaseOptions): Promise<void> {
  const names = namesOf(options);
  const folder = folderOf(tree, names);
  const api = options.api ?? names.noun;
  const write = async (path: string, content: string) => {
    const settings = await prettier.resolveConfig(path);
    tree.write(path, await prettier.format(content, { ...settings, filepath: path }));
  };
  const source = (path: string, what: string) => {
    const text = tree.read(path, 'utf-8');
    if (text === null) throw new Error(`${what} would be ${path}, and that is not there. ${writtenByHand}`);
    return new SourceEdits(path, text);
  };
  const edits = [
    defineIn(
      source(`${contracts}/api/${api}.ts`, `The file of ${names.noun} in contracts (--api names another)`),
      names,
    ),
    exportFrom(source(`${contracts}/index.ts`, 'What contracts exports'), names, api),
    provideIn(source(`${folder}/${names.noun}.module.ts`, `The module of ${names.noun}`), names),
    handleIn(source(`${folder}/${names.noun}.controller.ts`, `The controller of ${names.noun}`), names),
  ];
  for (const edit of edits) await write(edit.path, edit.toString());
  await write(`${folder}/${names.name}.ts`, useCase(names));
  await write(`${folder}/${names.name}.int.spec.ts`, spec(names));
}

const writtenByHand = 'A new noun is begun by hand: CONTRIBUTING.md, "Add a use case".';

function folderOf(tree: Tree, { app, noun, name }: UseCaseNames): string {
  const folder = `apps/${app}/src/${noun}`;
  if (!tree.exists(`apps/${app}/src`))
    throw new Error(`There is no service ${app}: ${tree.children('apps').join(', ')}.`);
  if (!tree.exists(folder)) {
    const nouns = tree
      .children(`apps/${app}/src`)
      .filter((each) => tree.exists(`apps/${app}/src/${each}/${each}.module.ts`));
    throw new Error(`${app} has no ${noun}, but ${nouns.join(', ')}. ${writtenByHand}`);
  }
  if (tree.exists(`${folder}/${name}.ts`)) throw new Error(`${folder}/${name}.ts is there already.`);
  return folder;
}

function defineIn(file: SourceEdits, names: UseCaseNames): SourceEdits {
  if (file.declares(names.id)) throw new Error(`${file.path} defines ${names.id} already.`);
  file.import('../operation/operation.js', 'defineOperation');
  file.import(
    '../request/shapes.js',
    'byActor',
    'changed',
    'etag',
    ...(names.parameters.length > 0 ? ['idInPath'] : []),
    'ifMatch',
  );
  file.append(operation(names, file.declares('tag') ? 'tag' : "'Administration'"));
  return file;
}

function exportFrom(file: SourceEdits, names: UseCaseNames, api: string): SourceEdits {
  file.exportFrom(`./api/${api}.js`, names.id);
  return file;
}

function provideIn(file: SourceEdits, names: UseCaseNames): SourceEdits {
  file.import(`./${names.name}.js`, names.className);
  file.addToDecorator('Module', 'providers', names.className);
  return file;
}

function handleIn(file: SourceEdits, names: UseCaseNames): SourceEdits {
  file.import('@sluice/contracts', 'type DecodedRequestOf', 'type ResponseOf', names.id);
  file.import('@sluice/messaging', 'Handles');
  file.import('@nestjs/microservices', 'Payload');
  file.import(`./${names.name}.js`, names.className);
  const method = file.hasMember(names.method) ? `${names.id}Of` : names.method;
  file.addToClass(`private readonly ${names.id}: ${names.className}`, handler({ ...names, method }));
  return file;
}
