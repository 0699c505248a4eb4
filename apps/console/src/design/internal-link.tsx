import { Anchor, type AnchorProps } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';

/** A link to another page of the console; a new tab as ever with the keys for it. */
export function InternalLink({
  to,
  children,
  ...properties
}: AnchorProps & { readonly to: string; readonly children: ReactNode }): ReactElement {
  const navigate = useNavigate();
  return (
    <Anchor
      inherit
      underline="always"
      {...properties}
      href={to}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        void navigate({ href: to });
      }}
    >
      {children}
    </Anchor>
  );
}
