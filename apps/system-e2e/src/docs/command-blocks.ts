import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..', '..');

/** Why a block of commands is not run: said before it by `<!-- not run: … -->`, and by nothing else. */
export const reasonsNotToRun: ReadonlySet<string> = new Set([
  'needs Docker',
  'needs other machines',
  'needs another program',
  'needs files of your own',
  'needs other settings',
  'starts a stack',
  'builds the project',
  'takes minutes',
]);

/** Fences whose content is no command: a command block is `sh`, whatever it runs. */
export const otherFences: ReadonlySet<string> = new Set(['', 'js', 'json', 'ts', 'yaml']);

/** A block of commands of a page, between "```sh" and "```". */
export interface CommandBlock {
  /** Of the fence, from 1 on. */
  readonly line: number;
  /** Its lines as they are pasted. */
  readonly commands: readonly string[];
  /** As the marker before it says; may be a reason that is none. */
  readonly notRun: string | undefined;
  /** It stands behind `> **Warning**` of its section. */
  readonly warned: boolean;
}

export interface Page {
  /** Path below the root of the repository. */
  readonly path: string;
  readonly lineCount: number;
  readonly blocks: readonly CommandBlock[];
  /** Fences with another name, and their lines. */
  readonly fences: readonly { readonly line: number; readonly name: string }[];
}

/** README.md and docs/*.md, in this order. */
export function readPages(): Page[] {
  const docs = readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .sort();
  return ['README.md', ...docs.map((file) => `docs/${file}`)].map((path) =>
    readPage(path, readFileSync(join(root, path), 'utf8')),
  );
}

/** @param text the Markdown of the page */
export function readPage(path: string, text: string): Page {
  const lines = text.split('\n');
  const blocks: CommandBlock[] = [];
  const fences: { line: number; name: string }[] = [];
  let warned = false;
  let notRun: string | undefined;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    const fence = /^( *)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line);
    if (fence) {
      const [, indent = '', ticks = '', name = ''] = fence;
      const end = lines.findIndex((other, at) => at > index && other.trim() === ticks);
      const content = lines.slice(index + 1, end === -1 ? undefined : end);
      if (name === 'sh')
        blocks.push({ line: index + 1, commands: content.map((each) => each.slice(indent.length)), notRun, warned });
      else fences.push({ line: index + 1, name });
      index = end === -1 ? lines.length : end;
      notRun = undefined;
      continue;
    }
    if (/^#{1,6} /.test(line)) warned = false;
    if (/^> \*\*Warning\*\*/.test(line)) warned = true;
    const marker = /^ *<!-- not run: (.*?) -->\s*$/.exec(line);
    if (marker) notRun = marker[1];
    else if (line.trim() !== '') notRun = undefined;
  }
  return { path, lineCount: lines.length, blocks, fences };
}

/** Statuses of 400 and more that the comments of a block announce: `# 401: no certificate`; in their order. */
export function announcedRefusals(block: CommandBlock): number[] {
  return block.commands.flatMap((line) => {
    const announced = /(?:^|\s)#\s*([45]\d\d)\b/.exec(line);
    return announced ? [Number(announced[1])] : [];
  });
}

const takingAway =
  /\/(revoke|retire)\b|[?&]force=true|\brevoke-[a-z]+\b|DELETE \S*\/(service-keys|service-instances|trusted-roots|issuing-cas)\/[^/\s]+(\s|$)/;

/** Whether a block takes access away from somebody: it stands behind a warning, and nothing that is run behind it. */
export function takesAway(block: CommandBlock): boolean {
  return block.commands.some((line) => takingAway.test(line));
}
