"""The pictures of an inspection as HTML: mistakes, where a network looks, filters, and an image on its way through."""

from __future__ import annotations

from evolve.display.text import plural
from evolve.models.inspection import LayerPictures, Look, Seen, Through
from evolve.reporting.inspection_html import SMALL, bar, escaped, figure, figures, image, paragraph, table
from evolve.reporting.inspection_words import doubts_in_words, sentence

KINDS = {
    "whitening": "a convolution that is not trained and whitens the image",
    "separable_convolution": "the first step of a separable convolution",
    "depthwise_convolution": "a convolution of each channel by itself",
}
DOUBTFUL = "check the label"


def mistakes(seen: Seen) -> str:
    """The most certain mistakes, each with where the network looked."""
    if not seen.mistakes:
        return paragraph("It made none on these images.")
    wrong = seen.accuracy.count - seen.accuracy.right
    some = f", the {len(seen.mistakes)} most certain of them" if wrong > len(seen.mistakes) else ""
    said = f"{plural(wrong, 'mistake')}{some}. Orange and yellow mark what speaks for the class that was said."
    doubts = doubts_in_words(seen)
    return (
        paragraph(said)
        + paragraph(sentence(doubts))
        + figures((_look(one, mistake=True) for one in seen.mistakes), "gallery")
    )


def _look(look: Look, mistake: bool) -> str:
    pictures = image(look.image, f"{look.name}: {look.truth}") + image(
        look.heat, f"{look.name}: the places that speak for {look.said}"
    )
    name = f"<b>{escaped(look.name)}</b><br>"
    if not mistake:
        return figure(pictures, f"{name}{escaped(look.truth)}, {look.probability:.0%}")
    said = f"is {look.truth} ({look.of_truth:.0%}), taken for {look.said} ({look.probability:.0%})"
    return figure(pictures, f"{name}{escaped(said)}", DOUBTFUL if look.doubtful else "")


def where(seen: Seen) -> str:
    """Images that were recognised, with where the network looked."""
    name, height, width = seen.looked_at
    if not seen.looks:
        return paragraph("It recognised none of these images.")
    said = (
        "Images that it recognises, one of a class, each of usual certainty. Orange and yellow mark what speaks for "
        f"the class, by gradients at feature maps that all paths meet in, the last one {name} ({height} x {width} "
        "places)."
    )
    return paragraph(said) + figures((_look(one, mistake=False) for one in seen.looks), "gallery")


def filters(layer: LayerPictures) -> str:
    """The filters of a layer that sees the image first."""
    what = KINDS.get(layer.kind, "a convolution")
    few = len(layer.pictures) < layer.of
    of = f"the {len(layer.pictures)} strongest of its {layer.of} filters" if few else f"its {layer.of} filters"
    grey = layer.kind in ("depthwise_convolution", "separable_convolution")
    zero = "Middle grey is zero." if not grey else "Each sees one channel; middle grey is zero."
    frozen = "" if layer.trained or layer.kind == "whitening" else ", which was not trained"
    shown = (image(one, f"filter {at} of {layer.layer}", SMALL) for at, one in enumerate(layer.pictures, start=1))
    return paragraph(f"{layer.layer}, {what}{frozen}: {of}. {zero}") + figures(shown, "tiles")


def through(found: Through) -> str:
    """One image on its way through the network, layer by layer."""
    first = figure(
        image(found.image, f"{found.name}: {found.truth}"),
        f"<b>{escaped(found.name)}</b><br>{escaped(found.truth)}",
    )
    rows = [_maps(layer) for layer in found.layers]
    ranked = table(
        ["class", "probability"],
        [[escaped(name), bar(value)] for name, value in found.probabilities],
        "the most likely classes of this image",
    )
    said = (
        "The first layers see edges and colours, later ones textures and parts, the last ones what speaks for a class. "
        "Of each layer those feature maps are shown that differ most between places, white their largest values."
    )
    return paragraph(said) + figures([first]) + "".join(rows) + ranked


def _maps(layer: LayerPictures) -> str:
    height, width = layer.shape[:2]
    shown = "".join(image(one, f"feature map of {layer.layer}", SMALL) for one in layer.pictures)
    return (
        f'<div class="inspect-layer"><p><b>{escaped(layer.layer)}</b><br>{len(layer.pictures)} of {layer.of} maps, '
        f'{height} x {width}</p><div class="inspect-tiles">{shown}</div></div>'
    )
