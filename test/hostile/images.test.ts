import { imageCases } from './cases/images.ts'
import { checkCases } from './check-cases.ts'

checkCases(imageCases, 200)
