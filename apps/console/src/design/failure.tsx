import { Alert, Button, Group, List, Text } from '@mantine/core';
import type { ReactElement } from 'react';
import { ApiProblem } from '../api/admin-api.ts';

/** What went wrong, with the next step that the admin API names, and every rule that was broken. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }): ReactElement {
  const problem = error instanceof ApiProblem ? error : undefined;
  return (
    <Alert color="red" title={titleOf(problem)} role="alert">
      <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
      {problem && problem.violations.length > 1 && (
        <List size="sm" mt={4}>
          {problem.violations.map(({ field, message }) => (
            <List.Item key={`${field} ${message}`}>
              <b>{field}</b> {message}
            </List.Item>
          ))}
        </List>
      )}
      {retry && (
        <Group mt="xs">
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}

function titleOf(problem: ApiProblem | undefined): string {
  switch (problem?.status) {
    case 0:
      return 'Nobody answers';
    case 403:
      return 'Not allowed';
    case 404:
      return 'Not found';
    case 409:
    case 412:
      return 'It contradicts what is there';
    case 429:
    case 503:
      return 'Not now';
    default:
      return 'That did not work';
  }
}
