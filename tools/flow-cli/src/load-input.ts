import { type Dirent, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { FlowCheckInput, FlowMediaType } from '@sluice/flow-engine';

const MEDIA_TYPES: Readonly<Record<string, FlowMediaType>> = {
  yaml: 'application/yaml',
  yml: 'application/yaml',
  json: 'application/json',
  iflw: 'application/xml',
  xml: 'application/xml',
  zip: 'application/zip',
};
const MAXIMUM_BESIDE = 1_000;

/** A file that cannot be checked, with what to do about it. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/**
 * Reads what the command line names: a YAML or JSON definition, an `.iflw` with the files beside it, a zip, or a folder that
 * holds one `.iflw`.
 * @param portsFolder folder with a JavaScript file for each script to replace, named after it (`script1.groovy.js`); those of
 * one flow of a package in a folder named by the flow's id
 * @throws InputError
 */
export function loadInput(path: string, portsFolder?: string): FlowCheckInput {
  let file = path;
  if (isFolder(path)) {
    const found = listFiles(path).filter((name) => name.endsWith('.iflw'));
    if (found.length !== 1) throw new InputError(`${path} holds ${found.length} .iflw files; name one of them.`);
    file = join(path, found[0] as string);
  }
  const mediaType = MEDIA_TYPES[file.slice(file.lastIndexOf('.') + 1).toLowerCase()];
  if (mediaType === undefined) throw new InputError(`${file} is none of .yaml, .json, .iflw and .zip.`);
  return {
    name: file,
    mediaType,
    content: readFile(file),
    ...(portsFolder === undefined ? {} : { ports: loadPorts(portsFolder) }),
    ...(mediaType === 'application/xml' ? { files: filesBeside(file) } : {}),
  };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function listFiles(folder: string): string[] {
  const entries: Dirent[] = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** The resources of an unpacked artifact: next to the `.iflw`, or three folders up when it lies where archives keep it. */
function filesBeside(file: string): Map<string, Uint8Array> {
  const folder = dirname(file);
  const root = folder.endsWith(join('scenarioflows', 'integrationflow')) ? dirname(dirname(folder)) : folder;
  const files = new Map<string, Uint8Array>();
  for (const name of listFiles(root).slice(0, MAXIMUM_BESIDE)) {
    const path = join(root, name);
    if (path !== file && statSync(path).size < 4 * 1024 * 1024) files.set(name, readFile(path));
  }
  return files;
}

function loadPorts(folder: string): Record<string, string> {
  const ports: Record<string, string> = {};
  for (const name of listFiles(folder))
    if (name.endsWith('.js')) ports[name] = readFileSync(join(folder, name), 'utf8');
  return ports;
}
