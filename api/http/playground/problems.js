/** What a person can do about a problem; the service's own sentence is for programs, and among the details. */
// eslint-disable-next-line no-unused-vars -- by script.js, which follows in the same script element
const explanations = {
  unsupported_media: 'This is no photo in a format that the service reads. Which it reads stands under the buttons.',
  corrupt_image: 'This photo is damaged, or was cut off. Try the original.',
  image_too_large: 'This file is too large. Make the photo smaller, or its quality lower.',
  too_many_pixels: 'This photo has too many pixels. Make it smaller.',
  request_too_large: 'These photos are too large together. Send fewer at a time.',
  queue_full: 'The service is busy. Wait a moment, then try again.',
  under_pressure: 'The service is busy. Wait a moment, then try again.',
  too_many_requests: 'You have many photos in work already. Wait a moment, then try again.',
  unauthorized: 'This service asks for a valid key. Enter yours above.',
}
