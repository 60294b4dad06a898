import neostandard, { plugins } from 'neostandard'

const typescript = plugins['typescript-eslint']

/** `models/` compiles checkpoints and knows nothing of HTTP; what `api/` may take from it is its public surface. */
const modelsNeverImportApi = {
  files: ['models/**/*.ts'],
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ group: ['**/api/**'], message: 'models/ never imports api/.' }] }],
  },
}

const inBrowsers = {
  files: ['api/playground/*.js'],
  languageOptions: {
    globals: Object.fromEntries(['document', 'fetch', 'File', 'FormData', 'location', 'matchMedia', 'navigator', 'performance', 'URL'].map((name) => [name, 'readonly'])),
  },
}

export default [
  ...neostandard({ ts: true, ignores: ['dist/**', 'node_modules/**', '.ghostserve/**'] }),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { '@typescript-eslint': typescript.plugin },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'suite', 'describe', 'it'], package: 'node:test' }] }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@stylistic/max-len': ['error', { code: 140, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
    },
  },
  modelsNeverImportApi,
  inBrowsers,
]
