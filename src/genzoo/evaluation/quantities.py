"""Every quantity that the ruler knows: what it is called, which way is better, how to read it."""

from dataclasses import dataclass
from typing import Literal

Group = Literal["likelihood", "quality", "coverage", "translation", "completion", "representation"]
Better = Literal["higher", "lower", "as data"]


@dataclass(frozen=True)
class Quantity:
    """A kind of number that results hold.

    Args:
        title: in a table's heading.
        group: what is measured together.
        better: which way is better; "as data" is best at the value that real images have.
        says: one sentence that teaches how to read it.
        reference: authors, year, arXiv number.
    """

    title: str
    group: Group
    better: Better
    says: str
    reference: str = ""


QUANTITIES: dict[str, Quantity] = {
    "log_prob": Quantity(
        "log p(x), exact",
        "likelihood",
        "higher",
        "How probable the model finds unseen images, in nats an image.",
    ),
    "elbo": Quantity(
        "log p(x) ≥ ELBO",
        "likelihood",
        "higher",
        "A lower bound of log p(x): the truth lies above it, by KL(q(z|x) ‖ p(z|x)).",
        "Kingma & Welling, 2014, arXiv:1312.6114",
    ),
    "iwae": Quantity(
        "log p(x) ≥ importance-weighted",
        "likelihood",
        "higher",
        "A lower bound from k draws of q(z|x), tighter than the ELBO and rising with k.",
        "Burda, Grosse & Salakhutdinov, 2016, arXiv:1509.00519",
    ),
    "naive_mc": Quantity(
        "log p(x) ≈ naive Monte Carlo",
        "likelihood",
        "higher",
        "The mean of p(x|z) over draws of the prior: right in the limit, far too low for few draws.",
        "Kingma & Welling, 2014, arXiv:1312.6114",
    ),
    "ais": Quantity(
        "log p(x) ≈ annealed importance sampling",
        "likelihood",
        "higher",
        "Draws of the prior carried to the posterior by Markov chains; a lower bound in expectation.",
        "Neal, 2001; Wu et al., 2017, arXiv:1611.04273",
    ),
    "bits_per_dim": Quantity(
        "bits/dim", "likelihood", "lower", "−log₂ p(x) divided by the numbers in an image."
    ),
    "squared_error": Quantity(
        "squared error", "likelihood", "lower", "‖x − decode(encode(x))‖²: says nothing about a density."
    ),
    "fid": Quantity(
        "Fréchet distance",
        "quality",
        "lower",
        "Distance of two Gaussians fitted to features of samples and of real images; biased upward for few.",
        "Heusel et al., 2017, arXiv:1706.08500",
    ),
    "kid": Quantity(
        "kernel distance",
        "quality",
        "lower",
        "Squared maximum mean discrepancy under a cubic kernel: unbiased, so fit for few images; 0 is best.",
        "Bińkowski et al., 2018, arXiv:1801.01401",
    ),
    "precision": Quantity(
        "precision",
        "quality",
        "higher",
        "Share of samples that lie among real images.",
        "Kynkäänniemi et al., 2019, arXiv:1904.06991",
    ),
    "recall": Quantity(
        "recall",
        "quality",
        "higher",
        "Share of real images that lie among samples.",
        "Kynkäänniemi et al., 2019, arXiv:1904.06991",
    ),
    "density": Quantity(
        "density",
        "quality",
        "higher",
        "How many real images' neighbourhoods a sample lies in, against what real ones would; may exceed 1.",
        "Naeem et al., 2020, arXiv:2002.09797",
    ),
    "coverage": Quantity(
        "coverage",
        "quality",
        "higher",
        "Share of real images with a sample in their neighbourhood.",
        "Naeem et al., 2020, arXiv:2002.09797",
    ),
    "inception_score": Quantity(
        "inception-style score",
        "quality",
        "higher",
        "exp of the mutual information of sample and predicted class: at most the number of classes.",
        "Salimans et al., 2016, arXiv:1606.03498",
    ),
    "memorisation": Quantity(
        "memorisation share",
        "quality",
        "as data",
        "Share of samples nearer to a training image than that is to any other; unseen images give the norm.",
        "Alaa et al., 2022, arXiv:2102.08921",
    ),
    "diversity": Quantity(
        "diversity",
        "quality",
        "as data",
        "Mean distance between two samples, divided by that between two real images.",
    ),
    "modes": Quantity(
        "modes found",
        "coverage",
        "higher",
        "How many of the known modes have samples.",
        "Metz et al., 2017, arXiv:1611.02163; Srivastava et al., 2017, arXiv:1705.07761",
    ),
    "high_quality": Quantity(
        "high-quality share",
        "coverage",
        "higher",
        "Share of samples within three standard deviations of a mode.",
        "Srivastava et al., 2017, arXiv:1705.07761",
    ),
    "reverse_kl": Quantity(
        "reverse KL",
        "coverage",
        "lower",
        "KL(samples over modes ‖ data over modes), nats.",
        "Metz et al., 2017, arXiv:1611.02163",
    ),
    "partner_error": Quantity(
        "error to the partner",
        "translation",
        "lower",
        "Mean absolute difference of a translation and what truly belongs to its original, in [0, 1].",
        "Zhu et al., 2017, arXiv:1703.10593",
    ),
    "partner_psnr": Quantity(
        "peak signal-to-noise ratio",
        "translation",
        "higher",
        "10·log₁₀ of 1 over the mean squared difference to the partner, dB: blurred images do well.",
    ),
    "partner_ssim": Quantity(
        "structural similarity",
        "translation",
        "higher",
        "Likeness to the partner in local brightness, contrast and structure: 1 is equality.",
        "Wang et al., 2004, IEEE Transactions on Image Processing 13",
    ),
    "partner_lpips": Quantity(
        "perceptual distance",
        "translation",
        "lower",
        "Distance to the partner in the layers of a net trained on photographs, as people see it; by the "
        "weights of a local file.",
        "Zhang et al., 2018, arXiv:1801.03924",
    ),
    "label_accuracy": Quantity(
        "pixels whose label can be read",
        "translation",
        "higher",
        "Share of pixels in which a net taught by real pairs sees what the given label map says: the real "
        "partners' is the ceiling.",
        "Isola et al., 2017, arXiv:1611.07004 (FCN-score)",
    ),
    "label_class_accuracy": Quantity(
        "the same by class",
        "translation",
        "higher",
        "The mean over classes of the share of their pixels that is read right: rare ones count as much.",
        "Long et al., 2015, arXiv:1411.4038",
    ),
    "label_iou": Quantity(
        "label intersection over union",
        "translation",
        "higher",
        "The mean over classes of pixels read right ÷ pixels that are of the class or are read as it.",
        "Long et al., 2015, arXiv:1411.4038",
    ),
    "translated_fid": Quantity(
        "Fréchet distance of translations",
        "translation",
        "lower",
        "Distance of translations to real images of the kind made, in features; biased upward for few.",
        "Heusel et al., 2017, arXiv:1706.08500",
    ),
    "cycle_error": Quantity(
        "error there and back",
        "translation",
        "lower",
        "Mean absolute difference of an image and itself after both translations, in [0, 1].",
        "Zhu et al., 2017, arXiv:1703.10593",
    ),
    "draws_apart": Quantity(
        "two draws apart",
        "translation",
        "as data",
        "Mean absolute difference of two translations of one image: 0 of a net without noise.",
    ),
    "hole_error": Quantity(
        "error in the hole",
        "completion",
        "lower",
        "Mean absolute difference of what fills a hole and what it hid, in [0, 1].",
    ),
    "hole_psnr": Quantity(
        "peak signal-to-noise ratio in the hole",
        "completion",
        "higher",
        "10·log₁₀ of 1 over the mean squared difference in the hole, dB: blurred fillings do well.",
    ),
    "completed_fid": Quantity(
        "Fréchet distance of completed images",
        "completion",
        "lower",
        "Distance of completed images to the same images whole, in features: they share what is known.",
        "Heusel et al., 2017, arXiv:1706.08500",
    ),
    "probe_accuracy": Quantity(
        "linear probe",
        "representation",
        "higher",
        "Share of unseen images that logistic regression on the features, taught by N labels, gets right.",
        "Alain & Bengio, 2017, arXiv:1610.01644",
    ),
    "knn_accuracy": Quantity(
        "nearest neighbours",
        "representation",
        "higher",
        "The same by a vote of the nearest labelled features.",
    ),
    "finetune_accuracy": Quantity(
        "fine-tuned",
        "representation",
        "higher",
        "The same when encoder and classifier are trained together on the labels.",
    ),
    "scratch_accuracy": Quantity(
        "from scratch",
        "representation",
        "higher",
        "The same net without the generative training: what it has to beat.",
    ),
}
