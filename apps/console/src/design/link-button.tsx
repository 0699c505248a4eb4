import { Button, type ButtonProps } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactElement, ReactNode } from 'react';

/** A link that looks like a button: it leads to a page, and can be opened beside this one. */
export function LinkButton({
  to,
  children,
  ...properties
}: ButtonProps & { readonly to: string; readonly children: ReactNode }): ReactElement {
  const navigate = useNavigate();
  return (
    <Button
      {...properties}
      component="a"
      href={to}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        void navigate({ href: to });
      }}
    >
      {children}
    </Button>
  );
}
