import { ApiProblem, call, type Answer } from '../../../api/admin-api.ts';
import type { Finding } from '../problems.tsx';

/** A file that holds flows, as it was when it was chosen. */
export interface Artifact {
  readonly file: File;
  /** Ports of its scripts to JavaScript, by their file names. */
  readonly ports: readonly File[];
  /** Tells one choice from another one of the same name. */
  readonly chosen: number;
}

export type FlowCheck = Answer<'checkArtifact'>['flows'][number];

export const fileEndings = '.yaml,.yml,.json,.iflw,.xml,.zip';

let choices = 0;

/** Reads it now: a file that changes on disk could not be sent any more. */
export async function artifactOf(file: File): Promise<Artifact> {
  return { file: await held(file), ports: [], chosen: ++choices };
}

export async function withPorts(artifact: Artifact, files: readonly File[]): Promise<Artifact> {
  const added = await Promise.all(files.map(held));
  const names = new Set(added.map(({ name }) => name));
  return {
    ...artifact,
    ports: [...artifact.ports.filter(({ name }) => !names.has(name)), ...added],
    chosen: ++choices,
  };
}

const held = async (file: File): Promise<File> => new File([await file.arrayBuffer()], file.name, { type: file.type });

/** As a form, so that the service gets the text with the lines it has, and knows its type by its name. */
function sent({ file, ports }: Artifact) {
  const form = new FormData();
  form.append('artifact', file, file.name);
  for (const port of ports) form.append('ports', port, port.name);
  return { raw: { content: form } };
}

export const checked = (artifact: Artifact, id: string | undefined, signal: AbortSignal) =>
  call('checkArtifact', id === undefined ? {} : { id }, { ...sent(artifact), signal });

export const deployed = (artifact: Artifact, id: string) => call('putFlow', { id }, sent(artifact));

export const imported = (artifact: Artifact) => call('importPackage', {}, sent(artifact));

/** The flow's own id where it could be read; else the file's name without what no id may have. */
export function suggestedId({ file }: Artifact, flows: readonly FlowCheck[]): string {
  const [only] = flows;
  if (flows.length === 1 && only && only.verdict !== 'refused') return only.id;
  return file.name
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .slice(0, 128);
}

/** What a refused deployment lists. */
export function findingsOf(error: unknown): readonly Finding[] {
  const problems = error instanceof ApiProblem ? error.problem['problems'] : undefined;
  return Array.isArray(problems) ? (problems as Finding[]) : [];
}
