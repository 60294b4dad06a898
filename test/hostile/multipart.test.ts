import { multipartCases } from './cases/multipart.ts'
import { checkCases } from './check-cases.ts'

checkCases(multipartCases, 200)
