"""What somebody means who types a key, an option or a value that there is not: other words, other cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

# Names that mean the same in this field; which of them an application uses, its config says.
KEYS = (
    "lr learning_rate learning_rate_init eta step_size base_lr",
    "epochs epoch n_epochs num_epochs max_epochs n_iter max_iter",
    "batch_size batch batchsize bs minibatch mini_batch_size",
    "hidden hidden_sizes hidden_layer_sizes hidden_layers hidden_units hidden_dim layers widths width units",
    "weight_decay wd l2 decay l2_penalty",
    "l1 l1_penalty lasso",
    "dropout drop dropout_rate drop_rate p_drop",
    "momentum beta mu",
    "seed seeds random_state random_seed rng",
    "activation activations act act_fn activation_function nonlinearity",
    "loss losses loss_fn loss_function criterion objective cost",
    "optimizer optimiser optim opt solver",
    "schedule scheduler lr_schedule lr_scheduler",
    "init initializer initialiser initialization weight_init kernel_initializer",
    "dataset data datasets",
    "clip_norm clip gradient_clip grad_clip max_norm max_grad_norm",
    "train_size n_train train_samples max_train",
    "validation_size val_size validation validation_split val_split",
    "patience early_stopping early_stop",
    "label_smoothing smoothing",
)
OPTIONS = (
    "softmax_ce cross_entropy crossentropy ce xent softmax categorical_crossentropy log_loss logloss",
    "bce binary_cross_entropy binary_crossentropy",
    "mse mean_squared_error squared_error l2 quadratic",
    "huber smooth_l1",
    "kldiv kl kl_div kl_divergence kullback_leibler",
    "multi_margin multi_class_hinge",
    "nll negative_log_likelihood",
    "swish silu",
    "identity linear none",
    "sigmoid logistic",
    "leaky_relu lrelu",
    "hardswish hard_swish",
    "he kaiming kaiming_normal he_normal",
    "he_uniform kaiming_uniform",
    "xavier glorot glorot_normal xavier_normal",
    "xavier_uniform glorot_uniform",
    "lbfgs l_bfgs bfgs",
    "nesterov nag",
    "rmsprop rms_prop",
    "cosine cosine_annealing",
    "constant none",
    "fashion_mnist fashion fmnist",
)
SURE = 0.85  # of whole dotted keys, which have much in common
CUTOFF = 0.6  # of difflib's ratio: below it names are like one another by chance


def keys_meant(key: str, known: Sequence[str]) -> list[str]:
    """Return the dotted keys that a key may mean: by its last part, another word for it, or its letters."""
    parent, _, last = key.rpartition(".")
    near = [name for name in known if parent and name.startswith(f"{parent}.")]
    for among in (near, known):
        for same in (_equal, _synonymous(KEYS)):
            if found := [name for name in among if same(last, name.rpartition(".")[2])]:
                shortest = min(name.count(".") for name in found)
                return [name for name in found if name.count(".") == shortest][:3]
        by_last = {name.rpartition(".")[2]: name for name in reversed(among)}
        if close := alike(last, by_last):
            return [by_last[close]]
    close = alike(key, known, SURE)
    return [close] if close else []


def option_meant(option: str, known: Sequence[str], cutoff: float = CUTOFF) -> str:
    """Return the option that a word means, "" if none is like it."""
    for word in (option, plain(option).removesuffix("loss")):  # CrossEntropyLoss
        for same in (_equal, _synonymous(OPTIONS)):
            if found := next((name for name in known if same(word, name)), ""):
                return found
    return alike(option, known, cutoff)


def alike(word: str, known: Iterable[str], cutoff: float = CUTOFF) -> str:
    """Return the name that is most like a word, "" if none is."""
    import difflib  # only a mistake needs it

    names = {plain(name): name for name in known}
    close = difflib.get_close_matches(plain(word), list(names), n=1, cutoff=cutoff)
    return names[close[0]] if close else ""


def value_meant(value: str, present: object) -> str:
    """Return how a value is written where `present` stands now: a list in brackets, a share as a number."""
    if isinstance(present, (list, tuple)) and value and value[0] not in "[$":
        return f"[{value}]"
    if re.fullmatch(r"[\d.]+\s*%", value) and isinstance(present, (int, float)):
        return f"{float(value.rstrip(' %')) / 100:g}"
    return value


def file_meant(key: str, value: str | None) -> str:
    """Return the arguments that read a file of data, "" for a value that is none: dataset=apples.csv."""
    if value is None or not re.fullmatch(r"[^\s,=]+\.(csv|tsv|parquet|npz|npy)(\.gz)?", value, re.IGNORECASE):
        return ""
    return f"{key}=file {key}.path={value}"


def plain(name: str) -> str:
    """Return a name without case and signs: ReLU, RE_LU and relu are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _equal(one: str, other: str) -> bool:
    return plain(one) == plain(other)


def _synonymous(table: Sequence[str]) -> Callable[[str, str], bool]:
    """Return the test whether two names stand in one line of a table."""
    lines = [{plain(word) for word in line.split()} for line in table]
    return lambda one, other: any(plain(one) in line and plain(other) in line for line in lines)
