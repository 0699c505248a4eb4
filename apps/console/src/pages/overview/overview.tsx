import { SimpleGrid } from '@mantine/core';
import type { ReactElement } from 'react';
import { Page } from '../../design/page.tsx';

export function Overview(): ReactElement {
  return (
    <Page title="Overview">
      <SimpleGrid />
    </Page>
  );
}
