import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './design/console.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiProblem, whenSignedOut } from './api/admin-api.ts';
import { sessionQuery } from './api/session.ts';
import { cssVariables, theme } from './design/theme.ts';
import { router } from './router.tsx';

/** What the next try could answer otherwise is tried again, once or twice. */
function isWorthAnotherTry(count: number, error: Error): boolean {
  return error instanceof ApiProblem && [0, 429, 502, 503, 504].includes(error.status) && count < 2;
}

const queries = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache(),
  defaultOptions: { queries: { retry: isWorthAnotherTry, staleTime: 5_000 }, mutations: { retry: false } },
});
whenSignedOut(() => queries.setQueryData(sessionQuery.queryKey, null));

createRoot(document.getElementById('console') as HTMLElement).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
