import { watch } from 'chokidar';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** What the compiler writes for one change is taken together, in milliseconds. */
const settleMs = 200;

/**
 * Tells which apps have to be started again when the compiler has written something: the app itself, or all of them for a library.
 * @param onBuilt told the folders of `apps` whose programs are others now
 */
export function watchBuilds(root: string, onBuilt: (apps: ReadonlySet<string>) => void): { stop(): Promise<void> } {
  const apps = readdirSync(join(root, 'apps'));
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const folders = ['apps', 'libs']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name, 'dist')))
    .filter((folder) => existsSync(folder));
  const watcher = watch(folders, {
    ignoreInitial: true,
    ignored: (path, stats) => stats?.isFile() === true && !path.endsWith('.js'),
  });
  watcher.on('all', (_event, path) => {
    const [parent, name] = relative(root, path).split(sep);
    for (const app of parent === 'apps' && name !== undefined ? [name] : apps) changed.add(app);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const built = new Set(changed);
      changed.clear();
      onBuilt(built);
    }, settleMs);
  });
  return {
    stop: () => {
      clearTimeout(timer);
      return watcher.close();
    },
  };
}
