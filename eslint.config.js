// Type-checked rules, the imports that are allowed between folders (eslint.walls.js), and what the pure core may not do.
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import { walls } from './eslint.walls.js';

export default tseslint.config(
  { ignores: ['node_modules/', '.orderflow/', 'schemas/generated/', 'drizzle/*/migrations/'] },
  // Every exception from a rule is in this file, with its reason.
  { linterOptions: { noInlineConfig: true } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // No method uses `this`, except the `collect` functions for prom-client: a method may be passed on as it is.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  walls,
  {
    // `allowInsecureRequests` permits plain HTTP to an issuer on this machine or in a closed network. The library marks it as
    // deprecated only to discourage its use.
    files: ['services/dashboard/server/session/oidc-client.ts'],
    rules: {
      '@typescript-eslint/no-deprecated': [
        'error',
        { allow: [{ from: 'package', package: 'openid-client', name: 'allowInsecureRequests' }] },
      ],
    },
  },
  {
    // winston declares its own transports as interfaces, not as classes.
    files: ['services/platform/process/logger.ts'],
    rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' },
  },
  {
    // The router throws its redirects.
    files: ['services/dashboard/web/src/app/router.tsx'],
    rules: { '@typescript-eslint/only-throw-error': 'off' },
  },
  {
    // Test doubles can be empty. The values that a test reads from a response are untyped, and its assertions check them.
    files: ['**/*.test.ts', 'tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    // The composition root alone knows the environment.
    files: ['services/**/*.ts'],
    ignores: ['services/*/main.ts', '**/*.test.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env' }],
      'no-console': 'error',
    },
  },
  {
    // A decision depends only on its arguments: no clock, no randomness, no environment, no input or output.
    files: ['services/*/domain/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'fetch',
        'setTimeout',
        'setInterval',
        'crypto',
        'performance',
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
        // This rule replaces the one for all services.
        { object: 'process', property: 'env' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'Time is in the input.',
        },
        {
          selector: 'ImportDeclaration[source.value=/^(node:|[a-z@])/]',
          message: 'The core imports no package.',
        },
        { selector: 'ThrowStatement', message: 'A decision returns what it decided.' },
        { selector: 'ClassDeclaration', message: 'State is data, a decision is a function.' },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
  },
);
