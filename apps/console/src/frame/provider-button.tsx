import { Button, Divider } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { one } from '../api/queries.ts';
import { Failure } from '../design/failure.tsx';

/** Leads to the provider of identities, where one is set, and from there back to the page that was asked for. */
export function ProviderButton(): ReactElement | null {
  const ways = useQuery({ ...one('getSignIn', {}), staleTime: Infinity });
  if (ways.isError) return <Failure error={ways.error} retry={() => void ways.refetch()} />;
  const provider = ways.data?.provider;
  if (!provider) return null;
  const target = new URL(provider.url);
  target.searchParams.set('return', window.location.pathname + window.location.search);
  return (
    <>
      <Button component="a" href={target.href} size="sm">
        Sign in with {provider.name}
      </Button>
      <Divider label="or" labelPosition="center" />
    </>
  );
}
