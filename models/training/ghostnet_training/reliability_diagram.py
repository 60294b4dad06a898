"""The reliability diagram: accuracy by score."""

from pathlib import Path

from matplotlib.figure import Figure


def draw_reliability_diagram(evaluation: dict, path: Path) -> None:
    """Accuracy by score above, images by score below. `path` ends in .png or .svg."""
    bins = evaluation['calibration']['bins']
    centres = [(each['from'] + each['to']) / 2 for each in bins]
    width = bins[0]['to'] - bins[0]['from']
    figure = Figure(figsize=(6, 7), layout='constrained')
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.bar(centres, [each['accuracy'] for each in bins], width, edgecolor='white', label='share that is right')
    filled = [each for each in bins if each['images'] > 0]
    above.plot([each['score'] for each in filled], [each['accuracy'] for each in filled], 'o', color='black', label='at the mean score')
    above.plot([0, 1], [0, 1], '--', color='grey', label='perfectly calibrated')
    above.set(xlim=(0, 1), ylim=(0, 1), ylabel='share of images that are right')
    above.set_title(f"{evaluation['model']}: expected calibration error {100 * evaluation['calibration']['expectedCalibrationError']:.2f} %")
    above.legend()
    below.bar(centres, [each['images'] for each in bins], width, edgecolor='white')
    below.set(xlabel='score of the most probable class', ylabel='images')
    figure.savefig(path)
