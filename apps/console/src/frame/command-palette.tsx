import { Spotlight } from '@mantine/spotlight';
import type { ReactElement } from 'react';
import { SearchIcon } from '../design/icons.tsx';
import { places } from './places.ts';

/** Every page by its name, by the keyboard: Ctrl K. An id leads to what has it. */
export function CommandPalette({ go }: { readonly go: (path: string) => void }): ReactElement {
  return (
    <Spotlight
      shortcut={['mod + K', '/']}
      nothingFound="Nothing is called so."
      highlightQuery
      searchProps={{ leftSection: <SearchIcon />, placeholder: 'Go to …', 'aria-label': 'Go to' }}
      actions={places.map(({ group, places: below }) => ({
        group,
        actions: below.map(({ title, path, words }) => ({
          id: path,
          label: title,
          keywords: words ?? '',
          onClick: () => go(path),
        })),
      }))}
    />
  );
}
