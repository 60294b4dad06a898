import { enabledFormatsCases, enabledFormatsEnvironment } from './cases/enabled-formats.ts'
import { checkCases } from './check-cases.ts'

checkCases(enabledFormatsCases, 200, enabledFormatsEnvironment)
