//! A warm transfer played by three built-in phones.
