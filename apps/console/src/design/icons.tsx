import type { ReactElement, SVGProps } from 'react';

function icon(path: string) {
  return function Icon(properties: SVGProps<SVGSVGElement>): ReactElement {
    return (
      <svg
        viewBox="0 0 24 24"
        width="16"
        height="16"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        {...properties}
      >
        <path d={path} />
      </svg>
    );
  };
}

export const CopyIcon = icon('M9 9h10v11H9zM5 15V4h10');
export const CheckIcon = icon('M4 12l5 6L20 6');
export const SearchIcon = icon('M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13zM15.5 15.5 21 21');
export const SunIcon = icon(
  'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
);
export const MoonIcon = icon('M20 14a8 8 0 0 1-10-10 8 8 0 1 0 10 10z');
export const MenuIcon = icon('M4 6h16M4 12h16M4 18h16');
export const DownloadIcon = icon('M12 3v12M7 11l5 5 5-5M4 20h16');
