import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { signIn, sessionQuery } from '../api/session.ts';
import { Failure } from '../design/failure.tsx';
import { ProviderButton } from './provider-button.tsx';

/** Signs in by an admin token. It is kept by nobody: the session is in a cookie that no script sees. */
export function SignIn(): ReactElement {
  const [token, setToken] = useState('');
  const queries = useQueryClient();
  const signing = useMutation({
    mutationFn: () => signIn(token.trim()),
    onSuccess: (session) => {
      setToken('');
      queries.setQueryData(sessionQuery.queryKey, session);
    },
  });
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper withBorder p="lg" w={380} maw="100%">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            signing.mutate();
          }}
        >
          <Stack gap="sm">
            <Title order={1}>Sluice</Title>
            <ProviderButton />
            <Text size="sm" c="dimmed">
              Sign in with an admin token. The local stack writes one into <code>stack.json</code>; another
              administrator makes one with <code>sluice token create NAME</code>.
            </Text>
            <PasswordInput
              label="Admin token"
              name="token"
              autoComplete="off"
              autoFocus
              required
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
            />
            {signing.isError && <Failure error={signing.error} />}
            <Button type="submit" size="sm" loading={signing.isPending}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
