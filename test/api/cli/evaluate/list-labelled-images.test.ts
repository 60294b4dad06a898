import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test, { suite, type TestContext } from 'node:test'
import { listLabelledImages } from '../../../../api/cli/evaluate/list-labelled-images.ts'

const labels = [{ label: 'tench', wnid: 'n01440764' }, { label: 'crane', wnid: 'n02012849' }, { label: 'crane', wnid: 'n03126707' }]

/** A folder with these files; each holds its own name. */
function folderOf (t: TestContext, ...files: string[]): string {
  const root = mkdtempSync(join(tmpdir(), 'ghostserve-data-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), file)
  }
  return root
}

function write (root: string, file: string, text: string): string {
  writeFileSync(join(root, file), text)
  return join(root, file)
}

const classesOf = async (data: string, groundTruth?: string): Promise<Array<[string, number]>> =>
  (await listLabelledImages(data, labels, groundTruth)).map(({ name, classIndex }) => [name, classIndex])

suite('a folder for each class', () => {
  test('is named by WordNet id, label or index; other files do not count', async (t) => {
    const root = folderOf(t, 'n02012849/b.JPEG', 'n02012849/deep/a.png', 'tench/c.webp', '2/d.jpg', 'tench/notes.txt', 'README.md')
    assert.deepEqual(await classesOf(root), [['2/d.jpg', 2], ['n02012849/b.JPEG', 1], ['n02012849/deep/a.png', 1], ['tench/c.webp', 0]])
    const [first] = await listLabelledImages(root, labels)
    assert.equal(String(await first!.read()), '2/d.jpg')
  })

  test('has no name that two classes share, and none that the model does not know', async (t) => {
    await assert.rejects(classesOf(folderOf(t, 'crane/a.jpg')), /only one name fits .* got "crane": use WordNet ids/)
    await assert.rejects(classesOf(folderOf(t, 'unicorn/a.jpg')), /Expected a class of the model .* got "unicorn"/)
  })

  test('may be named by a number, which is a label before it is an index', async (t) => {
    const numbers = ['10', '2', 'three'].map((label) => ({ label }))
    const images = await listLabelledImages(folderOf(t, '10/a.jpg', '2/a.jpg', '0/a.jpg'), numbers)
    assert.deepEqual(images.map(({ name, classIndex }) => [name, classIndex]), [['0/a.jpg', 0], ['10/a.jpg', 0], ['2/a.jpg', 1]])
  })
})

suite('a list', () => {
  test('has a name and a class per line, next to the images or above images/', async (t) => {
    const root = folderOf(t, 'a.jpg', 'images/b.jpg')
    for (const [file, text] of Object.entries({ 'val.txt': 'a.jpg 0\nb.jpg 1\n', 'val.tsv': 'a.jpg\ttench\t3\t4\nb.jpg\tn02012849\t5\t6\r\n\r\n', 'val.csv': 'a.jpg,tench\nb.jpg,1' })) {
      const list = write(root, file, text)
      assert.deepEqual(await classesOf(list), [['a.jpg', 0], ['images/b.jpg', 1]], file)
    }
    await assert.rejects(classesOf(write(root, 'bad.txt', 'alone\n')), /an image's name and its class on line 1 of .*bad\.txt, got "alone"/)
  })
})

suite('images side by side, as ImageNet\'s validation set comes', () => {
  const files = ['ILSVRC2012_val_00000002.JPEG', 'ILSVRC2012_val_00000001.JPEG']

  test('have a class a line in the order of their names', async (t) => {
    const truth = write(folderOf(t), 'imagenet_2012_validation_synset_labels.txt', 'n03126707\nn01440764\n')
    assert.deepEqual(await classesOf(folderOf(t, ...files), truth), [['ILSVRC2012_val_00000001.JPEG', 2], ['ILSVRC2012_val_00000002.JPEG', 0]])
  })

  test('have Caffe\'s val.txt, or Kaggle\'s table of boxes, in any order', async (t) => {
    const elsewhere = folderOf(t)
    const caffe = write(elsewhere, 'val.txt', 'ILSVRC2012_val_00000002.JPEG 0\nILSVRC2012_val_00000001.JPEG 2\n')
    const kaggle = write(elsewhere, 'LOC_val_solution.csv', 'ImageId,PredictionString\nILSVRC2012_val_00000002,n01440764 1 2 3 4 n01440764 5 6 7 8 \nILSVRC2012_val_00000001,n03126707 85 1 499 272 \n')
    for (const truth of [caffe, kaggle]) assert.deepEqual(await classesOf(folderOf(t, ...files), truth), [['ILSVRC2012_val_00000002.JPEG', 0], ['ILSVRC2012_val_00000001.JPEG', 2]])
  })

  test('do not take the numbers of the development kit, which are in another order', async (t) => {
    const truth = write(folderOf(t), 'ILSVRC2012_validation_ground_truth.txt', '490\n361\n')
    await assert.rejects(classesOf(folderOf(t, ...files), truth), /Expected a WordNet id or a label in line 1 .* got the number 490/)
  })

  test('are as many as their classes', async (t) => {
    const truth = write(folderOf(t), 'labels.txt', 'tench\n')
    await assert.rejects(classesOf(folderOf(t, ...files), truth), /Expected a class for each of the 2 images .* got 1 lines/)
  })

  test('need their classes', async (t) => {
    await assert.rejects(classesOf(folderOf(t, ...files)), /need --ground-truth/)
    await assert.rejects(classesOf(write(folderOf(t), 'list.txt', 'a 0'), 'truth.txt'), /but .*list\.txt is a file/)
  })
})

test('no images at all, or no such place, is an error', async (t) => {
  await assert.rejects(classesOf(folderOf(t, 'tench/notes.txt')), /Expected labelled images in .* found none/)
  await assert.rejects(classesOf(join(tmpdir(), 'ghostserve-no-such-folder')), /there is no /)
})
