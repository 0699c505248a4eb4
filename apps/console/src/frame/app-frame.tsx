import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Button,
  Group,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  Title,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { useQueryClient } from '@tanstack/react-query';
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { Fragment, useEffect, type ReactElement } from 'react';
import { liveEvents } from '../api/live-events.ts';
import { afterSignOut, may, shownName, signOut, type Session } from '../api/session.ts';
import { MoonIcon, SearchIcon, SunIcon } from '../design/icons.tsx';
import { CommandPalette } from './command-palette.tsx';
import { places } from './places.ts';

/** What stands around every page: where one is, where one can go, and who one is. */
export function AppFrame({ session }: { readonly session: Session }): ReactElement {
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const hears = may(session, 'Monitoring.read');
  useEffect(() => (hears ? liveEvents.open(queries) : undefined), [hears, queries]);
  const go = (path: string) => {
    close();
    void navigate({ href: path });
  };
  return (
    <AppShell
      header={{ height: 46 }}
      navbar={{ width: 200, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a href="#main" className="skip-link">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="xs" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <img src="/assets/sluice.svg" width={22} height={22} alt="" />
            <Title order={2} size="h3" component="div">
              Sluice
            </Title>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <Button variant="default" leftSection={<SearchIcon />} onClick={() => spotlight.open()} visibleFrom="xs">
              Go to …{' '}
              <Text span c="dimmed" size="xs" ml={6}>
                Ctrl K
              </Text>
            </Button>
            <ColourScheme />
            <Account session={session} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        <ScrollArea>
          {places.map(({ group, places: below }) => (
            <Fragment key={group}>
              <Text size="xs" c="dimmed" mt="xs" px="xs">
                {group}
              </Text>
              {below.map(({ title, path }) => (
                <NavLink
                  key={path}
                  label={title}
                  href={path}
                  py={3}
                  active={path === '/' ? pathname === '/' : pathname.startsWith(path)}
                  aria-current={pathname === path ? 'page' : undefined}
                  onClick={(event) => {
                    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                    event.preventDefault();
                    go(path);
                  }}
                />
              ))}
            </Fragment>
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Box maw={1500} mx="auto">
          <Outlet />
        </Box>
      </AppShell.Main>
      <CommandPalette go={go} />
    </AppShell>
  );
}

function ColourScheme(): ReactElement {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  return (
    <Tooltip label={dark ? 'Light' : 'Dark'}>
      <ActionIcon
        variant="default"
        size={30}
        aria-label={dark ? 'Light colours' : 'Dark colours'}
        onClick={() => setColorScheme(dark ? 'light' : 'dark')}
      >
        {dark ? <SunIcon /> : <MoonIcon />}
      </ActionIcon>
    </Tooltip>
  );
}

function Account({ session }: { readonly session: Session }): ReactElement {
  const queries = useQueryClient();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default">{shownName(session)}</Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{session.roles.join(', ')}</Menu.Label>
        <Menu.Item
          onClick={() => {
            void signOut().finally(() => {
              queries.clear();
              window.location.assign(afterSignOut(session));
            });
          }}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
