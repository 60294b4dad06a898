import neostandard, { plugins } from 'neostandard'

const typescript = plugins['typescript-eslint']

/** Folders of `api/` from the outermost to the innermost: each may import from those behind it, and from `models/`. */
const layers = ['http', 'engine', 'images', 'machine']

const forbidImports = (files, groups, message) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [{ group: groups, message }] }] },
})

export const importBoundaries = [
  ...layers.map((layer, i) => forbidImports(
    [`api/${layer}/**/*.ts`],
    ['cli', 'client', 'bootstrap', ...layers.slice(0, i)].map((folder) => `**/${folder}/**`).concat('**/app.ts', '**/server.ts'),
    `api/${layer}/ imports ${[...layers.slice(i + 1), 'models'].join(', ')}, errors, config and log only.`)),
  forbidImports(['api/cli/**/*.ts'], ['**/http/**', '**/client/**'], 'api/cli/ imports everything but http/ and client/; what doctor checks of them is in app.ts.'),
  forbidImports(['api/client/**/*.ts'], ['../**'], 'api/client/ runs in browsers, and imports nothing else.'),
  forbidImports(['api/errors.ts', 'api/config.ts', 'api/log.ts'], ['./*/**'], 'errors, config and log are imported from anywhere, and import no folder of api/.'),
  forbidImports(['models/**/*.ts'], ['**/api/**'], 'models/ never imports api/.'),
]

const inBrowsers = {
  files: ['api/http/playground/*.js'],
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
  ...importBoundaries,
  inBrowsers,
]
