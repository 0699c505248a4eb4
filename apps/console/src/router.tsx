import { Center, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { sessionQuery } from './api/session.ts';
import { Failure } from './design/failure.tsx';
import { Page } from './design/page.tsx';
import { AppFrame } from './frame/app-frame.tsx';
import { SignIn } from './frame/sign-in.tsx';

function Root(): ReactElement {
  const session = useQuery(sessionQuery);
  if (session.isPending)
    return (
      <Center mih="100dvh">
        <Loader aria-label="Looking who you are" />
      </Center>
    );
  if (session.isError)
    return (
      <Center mih="100dvh" p="md">
        <Failure error={session.error} retry={() => void session.refetch()} />
      </Center>
    );
  return session.data ? <AppFrame session={session.data} /> : <SignIn />;
}

function NotFound(): ReactElement {
  return (
    <Page title="There is no such page" about="Choose one on the left, or go to one with Ctrl K.">
      <span />
    </Page>
  );
}

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: ({ error }) => <Failure error={error} />,
});

/** What is in the query of a page stays text: `1e5` is a name, not a number. */
const textSearch = (search: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(search).flatMap(([name, value]) =>
      typeof value === 'string' && value !== '' ? [[name, value]] : [],
    ),
  );

/** Each page is read when it is first gone to. */
const page = <Path extends string>(path: Path, load: () => Promise<Record<string, unknown>>, name: string) =>
  createRoute({
    getParentRoute: () => root,
    path,
    validateSearch: textSearch,
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name as never),
  });

const routes = [
  page('/', () => import('./pages/overview/overview.tsx'), 'Overview'),
  page('/service-instances', () => import('./pages/service-instances/service-instances.tsx'), 'ServiceInstances'),
  page('/service-instances/$id', () => import('./pages/service-instances/service-instance.tsx'), 'ServiceInstance'),
  page('/service-keys', () => import('./pages/service-keys/service-keys.tsx'), 'ServiceKeys'),
  page('/service-keys/new', () => import('./pages/service-keys/guided/new-sender.tsx'), 'NewSender'),
  page('/service-keys/$id', () => import('./pages/service-keys/service-key.tsx'), 'ServiceKey'),
  page('/user-roles', () => import('./pages/user-roles/user-roles.tsx'), 'UserRoles'),
  page('/flows', () => import('./pages/flows/flows.tsx'), 'Flows'),
  page('/flows/$id', () => import('./pages/flows/flow.tsx'), 'Flow'),
  page('/messages', () => import('./pages/messages/messages.tsx'), 'Messages'),
  page('/messages/$id', () => import('./pages/messages/message.tsx'), 'Message'),
  page('/decisions', () => import('./pages/decisions/decisions.tsx'), 'Decisions'),
  page('/decisions/$id', () => import('./pages/decisions/decision.tsx'), 'Decision'),
  page('/events', () => import('./pages/events/events.tsx'), 'Events'),
  page('/certificates', () => import('./pages/certificates/certificates.tsx'), 'Certificates'),
  page('/approvals', () => import('./pages/approvals/approvals.tsx'), 'Approvals'),
  page('/trusted-roots', () => import('./pages/trusted-roots/trusted-roots.tsx'), 'TrustedRoots'),
  page('/trusted-roots/$sha256', () => import('./pages/trusted-roots/trusted-root.tsx'), 'TrustedRoot'),
  page('/issuing-cas', () => import('./pages/issuing-cas/issuing-cas.tsx'), 'IssuingCas'),
  page('/connectivity-tests', () => import('./pages/connectivity-tests/connectivity-test.tsx'), 'ConnectivityTest'),
  page('/audit', () => import('./pages/audit/audit.tsx'), 'Audit'),
  page('/administrators', () => import('./pages/administrators/administrators.tsx'), 'Administrators'),
];

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPreload: 'intent',
  // As text, not as JSON: deep links are written by people and programs.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(textSearch(search)).toString();
    return text === '' ? '' : `?${text}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
