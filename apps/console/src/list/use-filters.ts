import { useNavigate, useSearch } from '@tanstack/react-router';

/** The filters of a list stand in the address, so that it can be kept and passed on. */
export function useFilters(): [
  Readonly<Record<string, string>>,
  (changes: Readonly<Record<string, string | undefined>>) => void,
] {
  const filters = useSearch({ strict: false }) as Readonly<Record<string, string>>;
  const navigate = useNavigate();
  return [
    filters,
    (changes) =>
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) =>
          Object.fromEntries(
            Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined && value !== ''),
          ) as never,
        replace: true,
      }),
  ];
}
