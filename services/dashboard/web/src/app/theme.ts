// The Mantine theme. All colours come from tokens.css, so the light and the dark theme are defined in one place.
import { colorsTuple, createTheme, type CSSVariablesResolver } from '@mantine/core';
import classes from './components.module.css';

/** Mantine expects ten shades of a colour; here they are all the same. */
const tenShades = (token: string) => colorsTuple(`var(--${token})`);

/** Mantine renders a `header` in each dialog. Without this role, screen readers announce the header as a second page banner. */
const withoutBannerRole = { header: { role: 'none' } };
const closeButtonProps = { 'aria-label': 'Close' };
/** A closed dialog disappears immediately: the content of many dialogs depends on the item that was open. */
const transitionProps = { duration: 200, exitDuration: 0 };

export const theme = createTheme({
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  radius: { sm: '6px', md: '10px', lg: '14px' },
  defaultRadius: 'sm',
  headings: { fontWeight: '650' },
  primaryColor: 'accent',
  colors: { accent: tenShades('accent'), bad: tenShades('bad') },
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    // Mantine shows tooltips only for a mouse, unless it is told otherwise.
    Tooltip: {
      defaultProps: {
        openDelay: 250,
        withArrow: true,
        events: { hover: true, focus: true, touch: true },
      },
    },
    SegmentedControl: {
      classNames: {
        root: classes['segmented'],
        indicator: classes['segmentedIndicator'],
        label: classes['segmentedLabel'],
      },
    },
    Table: {
      defaultProps: { fz: 'md', borderColor: 'var(--line)' },
      classNames: { th: classes['th'] },
    },
    Modal: {
      defaultProps: {
        centered: true,
        radius: 'lg',
        attributes: withoutBannerRole,
        closeButtonProps,
        transitionProps: { ...transitionProps, transition: 'fade-down' },
      },
      classNames: { title: classes['dialogTitle'] },
    },
    Drawer: {
      defaultProps: { attributes: withoutBannerRole, closeButtonProps, transitionProps },
      classNames: { title: classes['dialogTitle'] },
    },
  },
});

const variables = {
  '--mantine-color-body': 'var(--card)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-3)',
  '--mantine-color-placeholder': 'var(--ink-3)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-default': 'var(--card)',
  '--mantine-color-default-hover': 'var(--sunk)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line-strong)',
  '--mantine-color-error': 'var(--bad)',
  '--mantine-color-disabled': 'var(--sunk)',
  '--mantine-color-disabled-color': 'var(--ink-3)',
  '--mantine-primary-color-filled': 'var(--accent)',
  '--mantine-primary-color-filled-hover': 'var(--accent-hover)',
  '--mantine-primary-color-contrast': 'var(--accent-ink)',
  '--mantine-primary-color-light': 'var(--accent-soft)',
  '--mantine-primary-color-light-color': 'var(--accent)',
  '--mantine-color-accent-filled': 'var(--accent)',
  '--mantine-color-accent-filled-hover': 'var(--accent-hover)',
  '--mantine-color-accent-light': 'var(--accent-soft)',
  '--mantine-color-accent-light-hover': 'var(--accent-soft)',
  '--mantine-color-accent-light-color': 'var(--accent)',
  '--mantine-color-white': 'var(--accent-ink)',
};

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: variables,
  dark: variables,
});
